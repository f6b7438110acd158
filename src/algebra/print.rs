//! Writes expressions as text.
