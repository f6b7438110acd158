//! Why a scheme does not apply, and everything this stage says about it.

use crate::algebra::{Function, Symbol};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Group, Method};
use crate::source::Span;

/// What keeps a scheme from an equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The state variable whose equation it is.
    pub(super) equation: Symbol,
    /// What is wrong with it.
    pub(super) obstacle: Obstacle,
}

/// What can be wrong with an equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// A term that is not linear.
    Nonlinear {
        /// The state variables it is not linear in.
        unknowns: Vec<Symbol>,
        /// The term, if it is short enough to be shown.
        term: Option<String>,
    },
    /// It names `t`, other than through a subexpression that is constant over dt.
    Time,
    /// It draws random numbers.
    Random(Function),
    /// It has noise, and the scheme is for equations without.
    Noise(Symbol),
    /// Noise stands other than as a factor of a term.
    NoiseInside,
    /// The factor of its noise changes within a tick.
    Multiplicative,
    /// It has several noises, or shares its noise with another equation.
    NotDiagonal,
    /// It belongs to a block of so many coupled equations, of which at most so many are solved.
    Large {
        /// The number of equations.
        size: usize,
        /// The largest number that is solved.
        limit: usize,
    },
}

impl Refusal {
    /// The reason as a clause: "dv/dt is not linear in v: it contains v**2".
    pub(super) fn clause(&self, group: &Group) -> String {
        let equation = &group.variable(self.equation).name;
        match &self.obstacle {
            Obstacle::Nonlinear { unknowns, term } => {
                let names: Vec<&str> = unknowns.iter().map(|&symbol| group.variable(symbol).name.as_str()).collect();
                let contains = term.as_ref().map_or(String::new(), |term| format!(": it contains `{term}`"));
                format!("d{equation}/dt is not linear in {}{contains}", names.join(", "))
            }
            Obstacle::Time => format!("d{equation}/dt depends explicitly on t"),
            Obstacle::Random(function) => {
                format!("d{equation}/dt calls {}(), which changes at every evaluation", function.name())
            }
            Obstacle::Noise(noise) => format!("d{equation}/dt has noise, `{}`", group.variable(*noise).name),
            Obstacle::NoiseInside => {
                format!("d{equation}/dt has noise in another place than as a factor of a term")
            }
            Obstacle::Multiplicative => {
                format!("the factor of the noise in d{equation}/dt depends on a state variable or on t")
            }
            Obstacle::NotDiagonal => {
                format!("d{equation}/dt has several noises, or shares its noise with another equation")
            }
            Obstacle::Large { size, limit } => {
                format!(
                    "d{equation}/dt is one of {size} coupled equations, more than the {limit} that are solved together"
                )
            }
        }
    }

    /// What to write instead of `method`.
    fn help(&self, method: Method) -> &'static str {
        match &self.obstacle {
            Obstacle::Nonlinear { .. } if method == Method::Exact => {
                "`method rk4` and `method rk2` take any equation; \
                 `method exponential_euler` asks only that each is linear in its own variable"
            }
            Obstacle::Nonlinear { .. } => "`method rk4` and `method rk2` take any equation",
            Obstacle::Time => {
                "`method rk4` and `method rk2` follow t within the step; \
                 or name the term in a subexpression that is `(constant over dt)`"
            }
            Obstacle::Random(_) => "draw once per step, in a subexpression that is `(constant over dt)`",
            Obstacle::Noise(_) => {
                "for noise take `method euler`, or `method heun` where its factor changes with a state"
            }
            Obstacle::NoiseInside => "noise is multiplied and added: `sigma*xi`; not its square, nor a function of it",
            Obstacle::Multiplicative => {
                "take `method heun`, or `method milstein`; both read the equation in the sense of Stratonovich"
            }
            Obstacle::NotDiagonal => "take `method heun`",
            Obstacle::Large { .. } => "`method rk4` and `method exponential_euler` have no such limit",
        }
    }
}

/// The user asked for a scheme that cannot be. Random numbers get a diagnostic each, because the
/// equation is to be changed; all other reasons share one, because the method is.
pub(super) fn not_applicable(group: &Group, method: Method, asked: Span, refusals: &[Refusal]) -> Vec<Diagnostic> {
    let (random, other): (Vec<&Refusal>, Vec<&Refusal>) =
        refusals.iter().partition(|refusal| matches!(refusal.obstacle, Obstacle::Random(_)));
    let mut diagnostics: Vec<Diagnostic> =
        random.into_iter().map(|refusal| random_in_equation(group, method, asked, refusal)).collect();
    if !other.is_empty() || diagnostics.is_empty() {
        diagnostics.push(method_not_applicable(group, method, asked, &other));
    }
    diagnostics
}

fn random_in_equation(group: &Group, method: Method, asked: Span, refusal: &Refusal) -> Diagnostic {
    let span = group.variable(refusal.equation).span;
    let message = format!("{}, but `{}` needs one value for the whole step", refusal.clause(group), method.name());
    Diagnostic::error(Code("random-in-equation"), message, span, "its equation gives a new number at every evaluation")
        .with_label(asked, "the method")
        .with_help(refusal.help(method))
}

fn method_not_applicable(group: &Group, method: Method, asked: Span, refusals: &[&Refusal]) -> Diagnostic {
    let message = format!("method `{}` does not apply to group `{}`", method.name(), group.name);
    let mut diagnostic = Diagnostic::error(Code("method-not-applicable"), message, asked, "asked for here");
    for refusal in refusals {
        diagnostic = diagnostic.with_label(group.variable(refusal.equation).span, refusal.clause(group));
    }
    let mut helps: Vec<&str> = refusals.iter().map(|refusal| refusal.help(method)).collect();
    helps.dedup();
    helps.into_iter().fold(diagnostic, Diagnostic::with_help)
}

/// The user asked for nothing, and this was chosen.
pub(super) fn method_chosen(group: &Group, method: Method, reason: &str) -> Diagnostic {
    let message = format!("group `{}` is integrated by `{}`", group.name, method.name());
    Diagnostic::note(Code("method-chosen"), message, group.span, "names no method").with_note(reason)
}

/// The reason that stands in the step when the user asked for the scheme.
pub(super) fn asked_for(method: Method) -> String {
    format!("`method {}` asks for it", method.name())
}

/// The reason when there is nothing to integrate.
pub(super) fn nothing_to_do() -> String {
    String::from("there are no differential equations")
}

/// The reason when the automatic choice is the first one, exact integration.
pub(super) fn exact_applies() -> String {
    String::from("all equations are linear, and their coefficients do not change within a step")
}

/// The reason when the automatic choice is the third one.
pub(super) fn euler_does_not_apply(group: &Group, exact: &str, refusals: &[Refusal]) -> String {
    let reasons: Vec<String> = refusals.iter().take(3).map(|refusal| refusal.clause(group)).collect();
    format!("{exact}; euler does not apply, because {}", reasons.join("; "))
}

/// The reason when the automatic choice is the second one; the first few equations stand for all.
pub(super) fn exact_does_not_apply(group: &Group, refusals: &[Refusal]) -> String {
    let shown = refusals.len().min(3);
    let mut reasons: Vec<String> = refusals[..shown].iter().map(|refusal| refusal.clause(group)).collect();
    if refusals.len() > shown {
        reasons.push(format!("and {} more", refusals.len() - shown));
    }
    format!("exact does not apply, because {}", reasons.join("; "))
}
