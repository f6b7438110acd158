//! dvdt
pub mod algebra;
pub mod diagnostic;
pub mod dimension;
pub mod interpret;
pub mod kernel;
pub mod model;
pub mod output;
pub mod scheme;
pub mod source;
pub mod syntax;
