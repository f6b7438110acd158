//! How a user's text becomes a compiled model, and where its stages can be looked at.

use crate::compile::{self, Executable, GroupCode, Purpose};
use crate::diagnostic::Report;
use crate::error::Error;
use crate::jit::{self, Compiler, Options};
use crate::model::{Model, Observed, Record, Role};
use crate::runtime::GRAIN;
use crate::simulation::Simulation;
use crate::source::{LONGEST, SourceId, Sources};
use crate::syntax;
use crate::wide;
use std::fmt::{self, Debug, Formatter};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Who runs the kernels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Executor {
    /// Machine code for this machine.
    #[default]
    Jit,
    /// The reference: the same bits, a hundred times slower.
    Interpreter,
}

/// Settings of compilation. No setting changes a bit of any result.
///
/// ```
/// use dvdt::Engine;
///
/// let model = Engine::new().compile("decay", "
///     group cells[3] {
///         dv/dt = -v/tau : volt
///         tau : second
///         init v = 1*mV
///         init tau = 10*ms
///     }
/// ")?;
/// let mut simulation = model.simulation()?;
/// simulation.run_for("10*ms")?;
/// let expected = 1e-3 * (-1f64).exp();
/// assert!((simulation.floats("cells.v")?[0] - expected).abs() < 1e-15);
/// # Ok::<(), dvdt::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Engine {
    executor: Executor,
    pub(crate) options: Options,
    folder: Option<PathBuf>,
    compiler: Arc<OnceLock<Result<Compiler, jit::Error>>>,
}

/// What was found in a text.
#[derive(Clone, Debug)]
pub struct Checked {
    /// All texts that the report points into.
    pub sources: Sources,
    /// Errors, warnings and notes.
    pub report: Report,
    /// What the text means; `None` when there are errors.
    pub model: Option<Model>,
}

impl Engine {
    /// Machine code with 128-bit vectors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Chooses who runs the kernels.
    ///
    /// ```
    /// use dvdt::{Engine, Executor};
    ///
    /// let text = "group g[3] { dx/dt = sin(x + i)/second : 1 }";
    /// let run = |executor| -> Result<Vec<f64>, dvdt::Error> {
    ///     let mut simulation = Engine::new().executor(executor).compile("g", text)?.simulation()?;
    ///     simulation.run_for("10*ms")?;
    ///     Ok(simulation.floats("g.x")?.to_vec())
    /// };
    /// assert_eq!(run(Executor::Jit)?, run(Executor::Interpreter)?);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    #[must_use]
    pub fn executor(mut self, executor: Executor) -> Self {
        self.executor = executor;
        self
    }

    /// Chooses how machine code is laid out.
    ///
    /// ```
    /// use dvdt::{Engine, Lanes, Options};
    ///
    /// let scalar = Engine::new().options(Options { lanes: Lanes::One, interleave: None });
    /// assert!(scalar.compile("g", "group g[1] { dx/dt = -x/second : 1 }")?.plan().contains("1 lane"));
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self.compiler = Arc::default();
        self
    }

    /// Says where files are that a model names, such as the numbers of a timed array. Without it they are
    /// looked for beside the model's own file, and a model that is not a file has none.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let folder = folder.path();
    /// std::fs::write(folder.join("drive.csv"), "0\n1\n2\n").unwrap();
    /// let text = "timed_array drive every 1*ms = \"drive.csv\"*mV\ngroup g[1] { x = drive(t) : volt }\nrecord g.x every 1*ms";
    /// let mut simulation = dvdt::Engine::new().folder(folder).compile("m", text)?.simulation()?;
    /// simulation.run_for("4*ms")?;
    /// assert_eq!(simulation.recording("g.x")?.values(), [0.0, 0.001, 0.002, 0.002]);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Reads a model and reports what is wrong with it, without compiling. `name` is what messages
    /// call the text.
    ///
    /// ```
    /// let checked = dvdt::Engine::new().check("m", "group g[1] { dv/dt = -v/tua : volt\n tau : second }");
    /// let report = checked.report.render(&checked.sources, false);
    /// assert!(report.contains("did you mean `tau`?"));
    /// ```
    pub fn check(&self, name: &str, text: &str) -> Checked {
        let mut sources = Sources::new();
        let source = sources.add(name, text);
        let mut report = Report::new();
        let model = compile::model(&sources, source, self.folder.as_deref(), &mut report);
        if let Some(model) = &model {
            compile::groups(model, &mut report);
        }
        let model = if report.has_errors() { None } else { model };
        Checked { sources, report, model }
    }

    /// Compiles a model; `name` is what messages call the text.
    ///
    /// # Errors
    /// [`Error::Text`] with everything that is wrong with the text; [`Error::Machine`] where code
    /// cannot be made.
    pub fn compile(&self, name: &str, text: &str) -> Result<CompiledModel, Error> {
        let mut sources = Sources::new();
        let source = sources.add(name, text);
        let (mut report, mut timings) = (Report::new(), Timings::default());
        let refuse = |sources: &Sources, report: Report| Error::text(sources.clone(), report);

        let start = Instant::now();
        let file = syntax::model_file(&sources, source, &mut report);
        timings.parse = start.elapsed();

        let start = Instant::now();
        let model = compile::meaning(&file, self.folder.as_deref(), &mut report);
        timings.check = start.elapsed();
        let Some(model) = model else { return Err(refuse(&sources, report)) };

        let start = Instant::now();
        let groups = compile::groups(&model, &mut report);
        timings.kernels = start.elapsed();
        let Some(groups) = groups.filter(|_| !report.has_errors()) else { return Err(refuse(&sources, report)) };

        let start = Instant::now();
        let executable = compile::link(&model, &groups, &self.linker()?).map_err(Error::Machine)?;
        timings.code = start.elapsed();
        let engine = self.clone();
        let inner = Inner { engine, sources, source, report, model, groups, executable, timings };
        Ok(CompiledModel(Arc::new(inner)))
    }

    /// Reads a file and compiles it.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile_file("examples/lorenz.dvdt")?;
    /// assert_eq!(model.model().groups.len(), 1);
    /// let missing = dvdt::Engine::new().compile_file("examples/lorentz.dvdt").unwrap_err();
    /// assert!(missing.to_string().starts_with("cannot read examples/lorentz.dvdt"));
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read or is not UTF-8, else as [`Engine::compile`].
    pub fn compile_file(&self, path: impl AsRef<Path>) -> Result<CompiledModel, Error> {
        let path = path.as_ref();
        self.clone().beside(path).compile(&path.display().to_string(), &read(path)?)
    }

    /// Looks for files beside `path`, unless another folder was given.
    pub(crate) fn beside(mut self, path: &Path) -> Self {
        self.folder = self.folder.or_else(|| path.parent().map(Path::to_owned));
        self
    }

    /// Reads a file and reports what is wrong with it, without compiling.
    ///
    /// ```
    /// assert!(!dvdt::Engine::new().check_file("examples/lorenz.dvdt")?.report.has_errors());
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read or is not UTF-8.
    pub fn check_file(&self, path: impl AsRef<Path>) -> Result<Checked, Error> {
        let path = path.as_ref();
        Ok(self.clone().beside(path).check(&path.display().to_string(), &read(path)?))
    }

    fn linker(&self) -> Result<compile::Executor, Error> {
        match self.executor {
            Executor::Interpreter => Ok(compile::Executor::Interpreter),
            Executor::Jit => {
                let compiler = self.compiler.get_or_init(|| Compiler::new(self.options));
                compiler.clone().map(compile::Executor::Jit).map_err(Error::Machine)
            }
        }
    }
}

/// The text of a model file.
///
/// # Errors
/// [`Error::File`] when it cannot be read, is too long, or is not UTF-8.
pub fn read(path: &Path) -> Result<String, Error> {
    let refuse = |what: String| Error::File { path: path.display().to_string(), what };
    let mut bytes = vec![];
    let file = std::fs::File::open(path).map_err(|error| refuse(error.to_string()))?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
    if bytes.len() > LONGEST {
        return Err(refuse(format!("it is longer than {} MB, which no model is", LONGEST >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let (valid, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes[..valid].iter().filter(|&&byte| byte == b'\n').count() + 1;
        refuse(format!(
            "it is not UTF-8 text: byte {valid} (line {line}) is {:#04x}; save the model as UTF-8",
            bytes.get(valid).copied().unwrap_or(0)
        ))
    })
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Text to syntax tree.
    pub parse: Duration,
    /// Syntax tree to model.
    pub check: Duration,
    /// Model to core kernels.
    pub kernels: Duration,
    /// Core kernels to callable code.
    pub code: Duration,
}

impl Timings {
    /// All stages.
    pub fn total(&self) -> Duration {
        self.parse + self.check + self.kernels + self.code
    }
}

/// A stage of compilation that can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// What was written.
    Ast,
    /// What it means.
    Model,
    /// What one tick assigns.
    Step,
    /// Straight-line code with functions in it.
    Kernel,
    /// Straight-line code in core instructions.
    Core,
    /// Cranelift's intermediate form.
    Clif,
    /// Machine code.
    Asm,
}

impl Stage {
    /// In order.
    pub const ALL: [Stage; 7] =
        [Stage::Ast, Stage::Model, Stage::Step, Stage::Kernel, Stage::Core, Stage::Clif, Stage::Asm];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Ast => "ast",
            Stage::Model => "model",
            Stage::Step => "step",
            Stage::Kernel => "kernel",
            Stage::Core => "core",
            Stage::Clif => "clif",
            Stage::Asm => "asm",
        }
    }
}

/// A model that is ready to run. Cloning shares the code; any number of simulations may run at once.
///
/// ```
/// let model = dvdt::Engine::new().compile("m", "group g[1] { dx/dt = 1/second : 1 }")?;
/// let threads = [1.0, 2.0].map(|x| {
///     let model = model.clone();
///     std::thread::spawn(move || -> Result<f64, dvdt::Error> {
///         let mut simulation = model.simulation()?;
///         simulation.set("g.x", x)?;
///         simulation.run_for("1*second")?;
///         Ok(simulation.floats("g.x")?[0])
///     })
/// });
/// let [one, two] = threads.map(|thread| thread.join().unwrap());
/// assert!((two? - one? - 1.0).abs() < 1e-9);
/// # Ok::<(), dvdt::Error>(())
/// ```
#[derive(Clone)]
pub struct CompiledModel(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub engine: Engine,
    pub sources: Sources,
    source: SourceId,
    pub report: Report,
    pub model: Model,
    pub groups: Vec<GroupCode>,
    pub executable: Executable,
    timings: Timings,
}

impl CompiledModel {
    /// A simulation at time 0 with its initial values, with seed 0.
    ///
    /// # Errors
    /// [`Error::Run`] when there is not enough memory.
    pub fn simulation(&self) -> Result<Simulation, Error> {
        self.simulation_with_seed(0)
    }

    /// A simulation whose random numbers come from `seed`.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "group g[9] {\n x : 1\n init x = randn()\n}")?;
    /// let draw = |seed| model.simulation_with_seed(seed).map(|s| s.floats("g.x").unwrap().to_vec());
    /// assert_eq!(draw(1)?, draw(1)?);
    /// assert_ne!(draw(1)?, draw(2)?);
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Run`] when there is not enough memory.
    pub fn simulation_with_seed(&self, seed: u64) -> Result<Simulation, Error> {
        Simulation::new(self.clone(), seed)
    }

    /// The same model without its `record` items.
    ///
    /// # Errors
    /// [`Error::Machine`] where code cannot be made.
    pub fn without_records(&self) -> Result<CompiledModel, Error> {
        let inner = &*self.0;
        let mut model = inner.model.clone();
        model.records.clear();
        let mut report = Report::new();
        let Some(groups) = compile::groups(&model, &mut report) else {
            return Err(Error::text(inner.sources.clone(), report));
        };
        let executable = compile::link(&model, &groups, &inner.engine.linker()?).map_err(Error::Machine)?;
        let (engine, sources, source) = (inner.engine.clone(), inner.sources.clone(), inner.source);
        let timings = inner.timings;
        Ok(CompiledModel(Arc::new(Inner { engine, sources, source, report, model, groups, executable, timings })))
    }

    /// Warnings and notes, such as the scheme that was chosen and why.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    /// The texts that the report points into.
    pub fn sources(&self) -> &Sources {
        &self.0.sources
    }

    /// What the text means.
    pub fn model(&self) -> &Model {
        &self.0.model
    }

    /// The text that was compiled.
    pub fn text(&self) -> &str {
        &self.0.sources.get(self.0.source).text
    }

    /// How long each stage took.
    pub fn timings(&self) -> Timings {
        self.0.timings
    }

    /// The kernels of each group, in the order of the model's groups.
    pub fn groups(&self) -> &[GroupCode] {
        &self.0.groups
    }

    /// One stage as text, of one group or of all.
    ///
    /// # Errors
    /// [`Error::Name`] for a group that is not there, [`Error::Machine`] where no code can be made.
    ///
    /// ```
    /// use dvdt::{Engine, Stage};
    ///
    /// let model = Engine::new().compile("decay", "group cells[1] { dv/dt = -v/(10*ms) : 1 }")?;
    /// assert!(model.emit(Stage::Kernel, None)?.contains("store v"));
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    pub fn emit(&self, stage: Stage, group: Option<&str>) -> Result<String, Error> {
        let names: Vec<&str> = self.0.model.groups.iter().map(|group| group.name.as_str()).collect();
        if let Some(wanted) = group.filter(|wanted| !names.contains(wanted)) {
            return Err(Error::name("group", wanted, names));
        }
        match stage {
            Stage::Ast => {
                let file = syntax::model_file(&self.0.sources, self.0.source, &mut Report::new());
                return Ok(file.to_string());
            }
            Stage::Model => return Ok(self.0.model.text()),
            Stage::Step | Stage::Kernel | Stage::Core | Stage::Clif | Stage::Asm => {}
        }
        let mut text = String::new();
        for (index, name) in names.iter().enumerate() {
            if group.is_none_or(|wanted| wanted == *name) {
                text.push_str(&self.emit_group(stage, index)?);
            }
        }
        Ok(text)
    }

    fn emit_group(&self, stage: Stage, index: usize) -> Result<String, Error> {
        let (group, code) = (&self.0.model.groups[index], &self.0.groups[index]);
        if stage == Stage::Step {
            return Ok(code.step.text(group));
        }
        let mut text = String::new();
        for stages in &code.kernels {
            let storage = code.layout.storage();
            text.push_str(&match stage {
                Stage::Kernel => stages.kernel.text(storage),
                Stage::Core => stages.core.text(storage),
                Stage::Clif | Stage::Asm | Stage::Ast | Stage::Model | Stage::Step => {
                    let compiler = Compiler::new(self.0.engine.options).map_err(Error::Machine)?;
                    let listing = compiler.listing(&stages.core, &code.layout).map_err(Error::Machine)?;
                    let code = if stage == Stage::Clif { listing.clif } else { listing.asm };
                    format!("; {}\n{code}\n", stages.core.name)
                }
            });
        }
        Ok(text)
    }

    /// Which path runs, in words: what stands between the text and the numbers.
    ///
    /// ```
    /// let model = dvdt::Engine::new().compile("m", "group g[5] { dx/dt = -x/second : 1 }")?;
    /// assert!(model.plan().starts_with("g[5]: exact, because all equations are linear"));
    /// # Ok::<(), dvdt::Error>(())
    /// ```
    ///
    /// It says per group the scheme, the kernels, and what was hoisted.
    pub fn plan(&self) -> String {
        let mut text = String::new();
        for (index, (group, code)) in self.0.model.groups.iter().zip(&self.0.groups).enumerate() {
            let tick = || code.kernels.iter().filter(|stages| matches!(stages.purpose, Purpose::Tick(_)));
            let body: usize = tick().map(|stages| stages.core.insts.len() - stages.core.prologue).sum();
            let hidden = |slots: &[crate::kernel::abi::Slot]| {
                slots.iter().filter(|slot| group.find(&slot.name).is_none() && slot.name != compile::SEED).count()
            };
            let storage = code.layout.storage();
            text.push_str(&format!(
                "{}[{}]: {}; {} ({} core instructions per element and tick, {} hoisted columns, {} hoisted uniforms)\n",
                group.name,
                group.size,
                if group.variables.iter().any(|variable| matches!(variable.role, Role::State { .. })) {
                    format!("{}, because {}", code.step.method.name(), code.step.reason)
                } else {
                    "nothing to integrate".to_owned()
                },
                match self.0.engine.executor {
                    Executor::Jit if tick().any(|stages| !jit::takes(&stages.core)) => {
                        "interpreter, because the equations are too long to compile".to_owned()
                    }
                    Executor::Jit => {
                        let options = self.0.engine.options;
                        let width = |stages: &crate::compile::Stages| jit::width(options, &stages.core, &code.layout);
                        let fewest = tick().map(width).min();
                        let looks = |record: &Record| {
                            let variable = matches!(record.observed, Observed::Variable { .. });
                            variable && record.group == index && record.clock == group.clock
                        };
                        let call = code.only_call().filter(|_| !self.0.model.records.iter().any(looks));
                        let ticks = match call {
                            Some(kernel) if jit::lanes(options, kernel, &code.layout).vectors().is_none() => "",
                            Some(kernel) if wide::lists_ticks(kernel, &code.layout) && group.size <= GRAIN => "",
                            Some(kernel) if wide::lists_ticks(kernel, &code.layout) => ", fused ticks of parts",
                            Some(kernel) if wide::fuses(kernel, &code.layout) => ", fused ticks",
                            _ => "",
                        };
                        let lanes = match fewest {
                            None => String::new(),
                            Some(1) => ", 1 lane".to_owned(),
                            Some(fewest) => format!(", {fewest} lanes"),
                        };
                        format!("machine code{lanes}{ticks}")
                    }
                    Executor::Interpreter => "interpreter".to_owned(),
                },
                body,
                hidden(&storage.columns),
                hidden(&storage.uniforms),
            ));
        }
        text
    }
}

impl Debug for CompiledModel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.model.groups.iter().map(|group| group.name.as_str()).collect();
        f.debug_struct("CompiledModel").field("groups", &names).finish_non_exhaustive()
    }
}
