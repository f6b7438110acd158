//! Writes models from Rust. A model is a text in any case, so that it can be shown, saved and
//! compared; a builder spares the quoting and takes quantities with units.

use crate::dimension::Dimension;
use crate::engine::{CompiledModel, Engine};
use crate::error::Error;
use crate::model::{Denormals, MathLevel, Method, Precision};
use crate::simulation::Input;

/// A model in the making.
///
/// ```
/// use dimensioned::f64prefixes::MILLI;
/// use dimensioned::si::{S, V};
/// use dvdt::{Engine, GroupBuilder, Method, ModelBuilder};
///
/// let cells = GroupBuilder::new("cells", 100)
///     .equations("
///         dv/dt = (0*mV - v)/tau : volt
///         tau : second
///     ")
///     .method(Method::Euler)
///     .init("v", 1.0 * MILLI * V)
///     .init("tau", "100*ms");
/// let model = ModelBuilder::new().dt(0.1 * MILLI * S).group(cells).record("cells.v").compile(&Engine::new())?;
///
/// let mut simulation = model.simulation()?;
/// simulation.run_for("1*second")?;
/// assert_eq!(simulation.recording("cells.v")?.samples(), 10_000);
/// # Ok::<(), dvdt::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ModelBuilder {
    items: Vec<String>,
    wrong: Option<String>,
}

/// A group in the making.
///
/// ```
/// use dvdt::{GroupBuilder, ModelBuilder};
///
/// let group = GroupBuilder::new("g", 2).equations("dx/dt = -x/tau : 1\n tau : second").init("tau", "10*ms");
/// let text = ModelBuilder::new().clock("slow", "1*ms").group(group.clock("slow")).text();
/// assert!(text.contains("group g[2] {") && text.contains("init tau = 10*ms") && text.contains("clock slow"));
/// ```
#[derive(Clone, Debug)]
pub struct GroupBuilder {
    name: String,
    size: usize,
    lines: Vec<String>,
    wrong: Option<String>,
}

impl ModelBuilder {
    /// An empty model.
    pub fn new() -> Self {
        Self::default()
    }

    /// The clock of every group that names none.
    #[must_use]
    pub fn dt(self, dt: impl Into<Input>) -> Self {
        self.valued("clock dt = ", dt.into())
    }

    /// A clock with a name, for groups that tick at another pace.
    #[must_use]
    pub fn clock(self, name: &str, dt: impl Into<Input>) -> Self {
        self.valued(&format!("clock {name} dt = "), dt.into())
    }

    /// A named constant.
    #[must_use]
    pub fn constant(self, name: &str, value: impl Into<Input>) -> Self {
        self.valued(&format!("constant {name} = "), value.into())
    }

    /// A group.
    #[must_use]
    pub fn group(mut self, group: GroupBuilder) -> Self {
        let body: String = group.lines.iter().map(|line| format!("    {line}\n")).collect();
        self.items.push(format!("group {}[{}] {{\n{body}}}", group.name, group.size));
        self.wrong = self.wrong.or(group.wrong);
        self
    }

    /// Records a variable, named `group.variable`, of all elements at every tick of its group.
    #[must_use]
    pub fn record(self, name: &str) -> Self {
        self.item(format!("record {name}"))
    }

    /// Records at an interval of its own.
    #[must_use]
    pub fn record_every(self, name: &str, interval: impl Into<Input>) -> Self {
        self.valued(&format!("record {name} every "), interval.into())
    }

    /// How freely arithmetic may be rewritten.
    #[must_use]
    pub fn math(self, level: MathLevel) -> Self {
        self.item(match level {
            MathLevel::Precise => "math precise",
            MathLevel::Fast => "math fast",
        })
    }

    /// The size of the floats of groups that do not say their own.
    #[must_use]
    pub fn precision(self, precision: Precision) -> Self {
        self.item(format!("precision {}", precision.name()))
    }

    /// What happens to numbers too small for full precision.
    #[must_use]
    pub fn denormals(self, denormals: Denormals) -> Self {
        self.item(match denormals {
            Denormals::Keep => "denormals keep",
            Denormals::Flush => "denormals flush",
        })
    }

    /// The model as a text that a file could hold.
    pub fn text(&self) -> String {
        let mut text = self.items.join("\n");
        text.push('\n');
        text
    }

    /// Compiles the model.
    ///
    /// # Errors
    /// As [`Engine::compile`], and [`Error::Value`] for an initial value per element, which a text
    /// cannot hold: give those to the simulation.
    pub fn compile(&self, engine: &Engine) -> Result<CompiledModel, Error> {
        match &self.wrong {
            Some(wrong) => Err(Error::Value(wrong.clone())),
            None => engine.compile("<model>", &self.text()),
        }
    }

    fn item(mut self, item: impl Into<String>) -> Self {
        self.items.push(item.into());
        self
    }

    fn valued(mut self, start: &str, value: Input) -> Self {
        match written(start, value) {
            Ok(line) => self.items.push(line),
            Err(wrong) => self.wrong = self.wrong.or(Some(wrong)),
        }
        self
    }
}

impl GroupBuilder {
    /// A group of `size` elements.
    pub fn new(name: &str, size: usize) -> Self {
        GroupBuilder { name: name.to_owned(), size, lines: vec![], wrong: None }
    }

    /// Equations, in Brian2's notation; several calls add up.
    #[must_use]
    pub fn equations(mut self, text: &str) -> Self {
        self.lines.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
        self
    }

    /// The numerical scheme; without one it is chosen.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.lines.push(format!("method {}", method.name()));
        self
    }

    /// The size of the floats of its elements.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.lines.push(format!("precision {}", precision.name()));
        self
    }

    /// The clock, by its name.
    #[must_use]
    pub fn clock(mut self, name: &str) -> Self {
        self.lines.push(format!("clock {name}"));
        self
    }

    /// An initial value; a text may use `i`, `N` and the variables set before.
    #[must_use]
    pub fn init(mut self, variable: &str, value: impl Into<Input>) -> Self {
        match written(&format!("init {variable} = "), value.into()) {
            Ok(line) => self.lines.push(line),
            Err(wrong) => self.wrong = self.wrong.or(Some(wrong)),
        }
        self
    }
}

/// A line that ends in a value. Floats are written with the digits that read back to the same bits.
fn written(start: &str, value: Input) -> Result<String, String> {
    let number = |value: f64| match value {
        value if value.is_nan() => "(inf - inf)".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "inf" } else { "-inf" }.to_owned(),
        value => format!("{value:?}"),
    };
    Ok(match value {
        Input::Text(text) => format!("{start}{text}"),
        Input::Float(value, Dimension::DIMENSIONLESS) => format!("{start}{}", number(value)),
        Input::Float(value, dimension) => format!("{start}{}*{dimension}", number(value)),
        Input::Integer(value) => format!("{start}{value}"),
        Input::Boolean(value) => format!("{start}{}", if value { "True" } else { "False" }),
        Input::Floats(..) => {
            return Err(format!("`{}` takes one value; set values per element on the simulation", start.trim_end()));
        }
    })
}
