//! What this stage says.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::Group;

/// A number of the equations that 32 bits cannot hold.
pub(super) fn beyond_float32(group: &Group, number: f64) -> Diagnostic {
    let message = format!("the code of `{}` needs the number {number:e}, which `float32` cannot hold", group.name);
    let label = "its elements have 32-bit floats, from 1.2e-38 to 3.4e38";
    Diagnostic::warning(Code("beyond-precision"), message, group.span, label)
        .with_help("numbers are in SI base units; take `precision float64`, or variables without a unit")
}
