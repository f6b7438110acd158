//! Spells `exp`, `sin` and their kind in core instructions.
