//! dvdt
pub mod algebra;
pub mod diagnostic;
pub mod interpret;
pub mod kernel;
pub mod source;
