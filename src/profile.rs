//! What holds a kernel back: its time beside what the machine could do at best.
//!
//! The limits are measured on the spot, with small kernels that do one thing only and go through the same
//! compiler. A kernel runs on the memory of a simulation at time 0, without anything else of a tick.

use crate::codegen;
use crate::compile::Purpose;
use crate::engine::CompiledModel;
use crate::error::Error;
use crate::jit::{self, Code, Compiler, Lanes};
use crate::kernel::abi::{ColumnId, Layout, Routine, Storage, Varies};

use crate::kernel::{Binary, Builder, Inst, Kernel, Type, Unary, Value};
use crate::runtime::Network;
use crate::wide::{self, Vectors};
use std::fmt::{self, Display, Formatter};
use std::time::Instant;

/// What bounds the speed of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Products, comparisons and extremes, which mostly share their units.
    Arithmetic,
    /// Quotients and square roots, which have a unit of their own.
    Division,
    /// Loads and stores of the group's columns, from and to the cache or memory that holds them.
    Memory,
    /// The longest chain of results that need each other: a tick cannot begin before the one before has
    /// ended.
    Chain,
}

impl Limit {
    /// In order.
    pub const ALL: [Limit; 4] = [Limit::Arithmetic, Limit::Division, Limit::Memory, Limit::Chain];

    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Arithmetic => "arithmetic",
            Limit::Division => "division",
            Limit::Memory => "memory",
            Limit::Chain => "chain",
        }
    }
}

/// How much of a limit a kernel needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Which.
    pub limit: Limit,
    /// Operations for each element, bytes for each element, or cycles in a row.
    pub amount: usize,
    /// The least time that this alone takes, in seconds per element and tick.
    pub time: f64,
}

/// One kernel of a tick: how long it takes, and how long it must.
///
/// ```
/// let text = "group g[1000] { dx/dt = (exp(x) - sqrt(1 + x*x))/(2*second) : 1\n method euler }";
/// let model = dvdt::Engine::new().compile("m", text)?;
/// let profile = &model.profile(0.01)?[0];
/// assert_eq!((profile.kernel.as_str(), profile.elements), ("g.update", 1000));
/// assert!(profile.time > 0.0 && profile.bounds.iter().all(|bound| bound.time >= 0.0));
/// # Ok::<(), dvdt::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KernelProfile {
    /// `cells.update`
    pub kernel: String,
    /// The size of the group.
    pub elements: usize,
    /// Elements that an instruction takes.
    pub lanes: usize,
    /// Whether the state stays in registers from tick to tick.
    pub fused: bool,
    /// Core instructions for each element, without constants.
    pub instructions: usize,
    /// The least measured, in seconds per element and tick.
    pub time: f64,
    /// In the order of [`Limit::ALL`].
    pub bounds: Vec<Bound>,
}

/// A bound of at least this part of the time is what holds a kernel back.
const HOLDS: f64 = 0.6;

impl KernelProfile {
    /// The limit that takes most of the time, if one does.
    pub fn held_by(&self) -> Option<Limit> {
        let largest = self.bounds.iter().max_by(|a, b| a.time.total_cmp(&b.time))?;
        (largest.time >= HOLDS * self.time).then_some(largest.limit)
    }
}

impl Display for KernelProfile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let nano = |seconds: f64| format!("{:.3} ns", seconds * 1e9);
        let fused = if self.fused { ", fused ticks" } else { "" };
        writeln!(
            f,
            "{}: {} per element and tick ({} elements, {} lanes{fused}, {} core instructions)",
            self.kernel,
            nano(self.time),
            self.elements,
            self.lanes,
            self.instructions
        )?;
        for bound in &self.bounds {
            let what = match bound.limit {
                Limit::Arithmetic => "products and the like",
                Limit::Division => "quotients and roots",
                Limit::Memory => "bytes",
                Limit::Chain => "cycles in a row",
            };
            let part = 100.0 * bound.time / self.time;
            let amount = format!("{} {what}", bound.amount);
            writeln!(f, "  {:<12} {amount:<28} at least {:>10} {part:>4.0} %", bound.limit.name(), nano(bound.time))?;
        }
        match self.held_by() {
            Some(limit) => write!(f, "  held by {}", limit.name()),
            None => write!(
                f,
                "  held by none of these alone: instructions wait for results, for each other or for the call"
            ),
        }
    }
}

impl CompiledModel {
    /// Measures each kernel of a tick, and code that runs regularly, beside the limits of this machine, each for
    /// about `seconds`, on one thread, as machine code whichever executor was chosen. Random numbers, propagators
    /// and recordings are no kernels and are left out.
    ///
    /// # Errors
    /// [`Error::Machine`] where no code can be made, [`Error::Run`] without memory.
    pub fn profile(&self, seconds: f64) -> Result<Vec<KernelProfile>, Error> {
        let options = self.0.engine.options;
        let compiler = Compiler::new(options).map_err(Error::Machine)?;
        let mut network = Network::new(self.0.executable.plan.clone())?;
        network.run(0.0)?;
        let mut machines: Vec<((Lanes, Type), Machine)> = vec![];
        let mut profiles = vec![];
        for (group, code) in self.0.model.groups.iter().zip(&self.0.groups) {
            let own = |purpose| matches!(purpose, Purpose::Tick(_) | Purpose::Before | Purpose::Regular(_));
            if group.size == 0 {
                continue;
            }
            for stages in code.kernels.iter().filter(|stages| own(stages.purpose) && jit::takes(&stages.core)) {
                let lanes = jit::lanes(options, &stages.core, &code.layout);
                let float = if stages.core.is_narrow() { Type::F32 } else { Type::F64 };
                let machine = match machines.iter().find(|(known, _)| *known == (lanes, float)) {
                    Some((_, machine)) => *machine,
                    None => {
                        let machine = Machine::measure(lanes, float, seconds / 3.0)?;
                        machines.push(((lanes, float), machine));
                        machine
                    }
                };
                let width = jit::width(options, &stages.core, &code.layout);
                let subject = Subject { kernel: &stages.core, layout: &code.layout, lanes, width };
                profiles.push(subject.profile(&compiler, machine, (&mut network, &group.name), seconds)?);
            }
        }
        Ok(profiles)
    }
}

/// A kernel to be measured.
struct Subject<'a> {
    kernel: &'a Kernel,
    layout: &'a Layout,
    lanes: Lanes,
    /// Elements of a vector.
    width: usize,
}

impl Subject<'_> {
    fn profile(
        &self,
        compiler: &Compiler,
        machine: Machine,
        (network, group): (&mut Network, &str),
        seconds: f64,
    ) -> Result<KernelProfile, Error> {
        let (kernel, layout) = (self.kernel, self.layout);
        let each = |time: f64| time / count(layout.elements().max(1));
        // Kernels that list events are measured tick by tick.
        let fuses = |_: &Vectors| wide::fuses(kernel, layout) && !wide::lists_ticks(kernel, layout);
        let fused_in = self.lanes.vectors().filter(fuses);
        let fused = fused_in.is_some();
        let code = compile(compiler, kernel, layout)?;
        let time = each(least(seconds, |ticks| Ok(network.work(group, &code, ticks)?))?);
        // What lies in the nearest cache takes no time of its own.
        let memory = if fused || layout.elements() <= NEAR {
            0.0
        } else {
            let code = compile(compiler, &traffic(kernel, layout), layout)?;
            each(least(seconds / 3.0, |ticks| Ok(network.work(group, &code, ticks)?))?)
        };
        let body = || kernel.values().skip(kernel.prologue).map(|value| kernel.inst(value));
        let bytes = |inst| match inst {
            Inst::Load(id) | Inst::Store(id, _) => layout.storage().column_slot(id).ty.bytes(),
            _ => 0,
        };
        let (products, quotients) = (body().filter(is_product).count(), body().filter(is_quotient).count());
        let chain = codegen::chain(kernel, fused);
        let scaled = |amount: usize, time: f64| count(amount) * time;
        let bound = |limit| match limit {
            Limit::Arithmetic => (products, scaled(products, machine.product)),
            Limit::Division => (quotients, scaled(quotients, machine.quotient)),
            Limit::Memory => (body().map(bytes).sum(), memory),
            // Fused ticks are done turn by turn.
            Limit::Chain => match fused_in {
                Some(vectors) => {
                    let turn = wide::turn(kernel, layout, vectors, compiler.options().interleave);
                    (chain, scaled(chain, machine.cycle) / count(turn.min(layout.elements().max(1))))
                }
                None => (chain, each(scaled(chain, machine.cycle))),
            },
        };
        Ok(KernelProfile {
            kernel: kernel.name.clone(),
            elements: layout.elements(),
            lanes: self.width,
            fused,
            instructions: body().filter(|inst| !inst.is_constant()).count(),
            time,
            bounds: Limit::ALL
                .into_iter()
                .map(|limit| {
                    let (amount, time) = bound(limit);
                    Bound { limit, amount, time }
                })
                .collect(),
        })
    }
}

fn is_product(inst: &Inst) -> bool {
    matches!(inst, Inst::Fma(..) | Inst::Compare(..) | Inst::Binary(Binary::Multiply | Binary::Min | Binary::Max, ..))
}

fn is_quotient(inst: &Inst) -> bool {
    matches!(inst, Inst::Binary(Binary::Divide, ..) | Inst::Unary(Unary::Sqrt, _))
}

fn compile(compiler: &Compiler, kernel: &Kernel, layout: &Layout) -> Result<Code, Error> {
    let code = compiler.compile(&[(kernel, layout)]).map_err(Error::Machine)?;
    let lost = || jit::Error::Compilation(format!("`{}` gave no code", kernel.name));
    code.into_iter().next().ok_or_else(|| Error::Machine(lost()))
}

/// The loads and stores of a kernel alone, of floats.
fn traffic(kernel: &Kernel, layout: &Layout) -> Kernel {
    let storage = layout.storage();
    let ty = |id: ColumnId| storage.column_slot(id).ty;
    let mut build = Builder::new(format!("{}.traffic", kernel.name), storage);
    // What depends on the tick is not fused, so that the state goes through memory.
    let tick = build.tick();
    let start = build.unary(Unary::ToFloat, tick);
    let narrow = build.unary(Unary::Narrow, start);
    build.begin_body();
    let mut sums = [start, narrow];
    let body: Vec<Inst> = kernel.values().skip(kernel.prologue).map(|value| kernel.inst(value)).collect();
    for inst in &body {
        if let Inst::Load(id) = *inst
            && let Some(sum) = sums.iter_mut().find(|sum| build.type_of(**sum) == ty(id))
        {
            let load = build.load(id);
            *sum = build.add(*sum, load);
        }
    }
    for inst in &body {
        if let Inst::Store(id, _) = *inst
            && let Some(&sum) = sums.iter().find(|sum| build.type_of(**sum) == ty(id))
        {
            build.store(id, sum);
        }
    }
    build.finish()
}

/// What a machine can do, for one number of lanes: seconds per element.
#[derive(Clone, Copy)]
struct Machine {
    product: f64,
    quotient: f64,
    /// Seconds per cycle.
    cycle: f64,
}

/// Elements of the groups that limits are measured with; their columns lie in the nearest cache.
const NEAR: usize = 256;

/// Operations of a body that is measured: too many to be fused.
const OPERATIONS: u32 = 96;

/// Cycles from a product to the next that needs it, as `codegen` counts.
const LATENCY: f64 = 4.0;

impl Machine {
    fn measure(lanes: Lanes, float: Type, seconds: f64) -> Result<Machine, Error> {
        // Eight chains fill all units.
        let many = |build: &mut Builder<'_>, x: Value| {
            let factor = build.float_as(x, 0.999);
            let mut chains: Vec<Value> = (0..8u32).map(|chain| start(build, x, chain)).collect();
            for number in 0..OPERATIONS as usize - 8 {
                chains[number % 8] = build.fma(chains[number % 8], factor, x);
            }
            sum(build, &chains)
        };
        let quotients = |build: &mut Builder<'_>, x: Value| {
            let parts: Vec<Value> = (0..OPERATIONS / 3)
                .map(|number| {
                    let dividend = start(build, x, number);
                    build.div(dividend, x)
                })
                .collect();
            sum(build, &parts)
        };
        let chained = |build: &mut Builder<'_>, x: Value| {
            let factor = build.float_as(x, 0.999);
            (0..OPERATIONS * 4).fold(x, |value, _| build.fma(value, factor, x))
        };
        let product = limit((lanes, float), NEAR, seconds, &many)? / f64::from(OPERATIONS);
        let quotient = limit((lanes, float), NEAR, seconds, &quotients)? / f64::from(OPERATIONS / 3);
        // One vector at a time.
        let chain = limit((lanes, float), 1, seconds, &chained)?;
        Ok(Machine { product, quotient, cycle: chain / f64::from(OPERATIONS * 4) / LATENCY })
    }
}

/// A value of its own for each `number`.
fn start(build: &mut Builder<'_>, x: Value, number: u32) -> Value {
    let shift = build.float_as(x, 1.0 + f64::from(number));
    build.add(x, shift)
}

fn sum(build: &mut Builder<'_>, values: &[Value]) -> Value {
    let first = values.first().copied().unwrap_or_else(|| build.float(0.0));
    values.iter().skip(1).fold(first, |sum, &value| build.add(sum, value))
}

/// Seconds per element and tick of `body`, which makes the next `x` of the last.
fn limit(
    (lanes, float): (Lanes, Type),
    elements: usize,
    seconds: f64,
    body: &dyn Fn(&mut Builder<'_>, Value) -> Value,
) -> Result<f64, Error> {
    let mut storage = Storage::default();
    let x = storage.column("x", float, Varies::Ticks);
    let layout = Layout::new(storage, elements);
    let mut build = Builder::new("limit", layout.storage());
    build.begin_body();
    let value = build.load(x);
    let next = body(&mut build, value);
    // Kept near 1, whatever the body does.
    let (from, to) = (build.float_as(next, 1.0), build.float_as(next, 2.0));
    let next = build.min(next, to);
    let next = build.max(next, from);
    build.store(x, next);
    let kernel = build.finish();
    let compiler = Compiler::new(jit::Options { lanes, interleave: Some(1) }).map_err(Error::Machine)?;
    let code = compile(&compiler, &kernel, &layout)?;
    let mut words = vec![0; layout.bytes() / 8 + LINE];
    let first = words.as_ptr().align_offset(LINE * 8).min(LINE);
    let time = least(seconds, |ticks| {
        code.call(&mut words[first..], 0..ticks, 0..elements);
        Ok(())
    })?;
    Ok(time / count(elements))
}

/// Words to whose multiples memory is aligned.
const LINE: usize = 8;

#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}

/// Rounds of which the least counts.
const ROUNDS: u32 = 7;

/// The least seconds per tick in rounds of about `seconds` in all.
fn least(seconds: f64, mut run: impl FnMut(u64) -> Result<(), Error>) -> Result<f64, Error> {
    let mut measure = |ticks: u64| -> Result<f64, Error> {
        let begun = Instant::now();
        run(ticks)?;
        Ok(begun.elapsed().as_secs_f64())
    };
    let mut ticks = 1;
    while measure(ticks)? < seconds / f64::from(2 * ROUNDS) && ticks < 1 << 40 {
        ticks *= 2;
    }
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let tick = measure(ticks)? / ticks as f64;
        least = least.min(tick);
    }
    Ok(least)
}
