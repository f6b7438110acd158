//! What this stage says.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::Group;

/// A number of the equations that 32 bits cannot hold.
pub(super) fn beyond_float32(group: &Group, number: f64) -> Diagnostic {
    #[allow(clippy::cast_possible_truncation, reason = "what becomes of it is what is told")]
    let held = number as f32;
    let becomes = if held.is_infinite() {
        "becomes infinite".to_owned()
    } else {
        format!("becomes {held:e}, with fewer digits or none")
    };
    let message = format!("the equations of `{}` need the number {number:e}, which {becomes} in `float32`", group.name);
    let label = "its elements have 32-bit floats, from 1.2e-38 to 3.4e38";
    Diagnostic::warning(Code("beyond-precision"), message, group.span, label)
        .with_help("numbers are in SI base units; take `precision float64`, or variables without a unit")
}
