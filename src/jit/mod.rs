//! The compiling executor: core kernels become machine code, in vectors of 256 or 512 bits through [`wide`]
//! where the machine has them and the kernel is such, and otherwise through Cranelift.
//!
//! Cranelift runs at `opt_level=none`: our kernels are already folded and shared, its optimiser
//! would undo the order that `codegen` has chosen and hoist constants into spills. Vectors are 128
//! bits wide on x86-64 and aarch64, two numbers each.

mod arithmetic;
mod code;
mod translate;

pub use code::Code;

use crate::kernel::abi::Layout;
use crate::kernel::{Inst, Kernel, Value, verify};
use crate::wide::{self, Vectors};
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, default_libcall_names};
use std::fmt::{self, Display, Formatter};

/// How many elements one instruction takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lanes {
    /// Scalar code.
    One,
    /// 128-bit vectors of two numbers; kernels with numbers of 32 bits are scalar code.
    Two,
    /// 256-bit vectors of four numbers, or eight of 32 bits, where the machine and the kernel allow
    /// ([`Lanes::has_machine`], [`wide::takes`]); otherwise as `Two`.
    Four,
    /// 512-bit vectors of eight numbers, or sixteen of 32 bits, where the machine and the kernel allow; otherwise as
    /// `Four`.
    #[default]
    Eight,
}

impl Lanes {
    /// As a number.
    pub fn count(self) -> usize {
        match self {
            Lanes::One => 1,
            Lanes::Two => 2,
            Lanes::Four => 4,
            Lanes::Eight => 8,
        }
    }

    /// Whether this machine has vectors so wide, for kernels that allow them.
    pub fn has_machine(self) -> bool {
        self.vectors().is_none_or(Vectors::has_machine)
    }

    /// The vectors wider than Cranelift's.
    pub fn vectors(self) -> Option<Vectors> {
        match self {
            Lanes::One | Lanes::Two => None,
            Lanes::Four => Some(Vectors::Bits256),
            Lanes::Eight => Some(Vectors::Bits512),
        }
    }
}

/// What a user may choose of the code that is made; no choice changes a bit of any result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Elements per instruction.
    pub lanes: Lanes,
    /// How many vectors a turn of the loop takes side by side: 1, 2, 4 or 8, as far as the kind of code
    /// allows; `None` decides by the length of the body.
    pub interleave: Option<usize>,
}

/// Why no code was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The machine lacks something; the text names it.
    Machine(String),
    /// Cranelift refused; a mistake of ours.
    Compilation(String),
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Error::Machine(what) => write!(f, "this machine cannot run compiled code: {what}; use the interpreter"),
            Error::Compilation(what) => write!(f, "compilation failed, which is a mistake in dvdt: {what}"),
        }
    }
}

impl std::error::Error for Error {}

/// Makes machine code for the machine it runs on. Cheap to share; build one and keep it.
#[derive(Clone)]
pub struct Compiler {
    isa: OwnedTargetIsa,
    /// The same with a register allocator whose time does not grow with the square of the length.
    isa_of_long: OwnedTargetIsa,
    options: Options,
}

/// Kernels of more instructions than this are not compiled; it would take seconds.
const LONGEST: usize = 300_000;

/// Whether a kernel is short enough to be compiled.
pub fn takes(kernel: &Kernel) -> bool {
    kernel.insts.len() <= LONGEST
}

/// How many elements an instruction takes in the code of a kernel on this machine.
pub fn lanes(options: Options, kernel: &Kernel, layout: &Layout) -> Lanes {
    let wide = match options.lanes {
        Lanes::One | Lanes::Two => [None, None],
        Lanes::Four => [None, Some(Lanes::Four)],
        Lanes::Eight => [Some(Lanes::Eight), Some(Lanes::Four)],
    };
    let runs = |lanes: &Lanes| lanes.has_machine() && wide::takes(kernel, layout);
    match wide.into_iter().flatten().find(runs) {
        Some(lanes) => lanes,
        None if options.lanes == Lanes::One || kernel.is_narrow() => Lanes::One,
        None => Lanes::Two,
    }
}

/// How many elements a vector has in the code of a kernel on this machine: twice as many where the body has numbers
/// of 32 bits.
pub fn width(options: Options, kernel: &Kernel, layout: &Layout) -> usize {
    let lanes = lanes(options, kernel, layout);
    if lanes.vectors().is_some() && kernel.is_narrow() { 2 * lanes.count() } else { lanes.count() }
}

/// Kernels of more instructions than this get the faster register allocator. At 7,200 instructions
/// it takes a tenth of the time and makes no slower code; at 400 its code is half as fast.
const LONG: usize = 2000;

/// A kernel as Cranelift's text and as disassembled machine code.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Cranelift's intermediate form.
    pub clif: String,
    /// Machine code, one instruction a line.
    pub asm: String,
}

impl Compiler {
    /// A compiler for this machine.
    ///
    /// # Errors
    /// When the machine is not supported, or lacks fused multiply-add.
    pub fn new(options: Options) -> Result<Self, Error> {
        let (isa, isa_of_long) = (isa("backtracking")?, isa("single_pass")?);
        if cfg!(target_arch = "x86_64") {
            for feature in ["has_fma", "has_sse41", "has_avx"] {
                let present = isa.isa_flags().iter().any(|flag| flag.name == feature && flag.as_bool() == Some(true));
                if !present {
                    return Err(Error::Machine(format!("it lacks {}", &feature[4..])));
                }
            }
        }
        Ok(Compiler { isa, isa_of_long, options })
    }

    /// Compiles core kernels, each for its group's layout, into one piece of memory.
    ///
    /// # Errors
    /// When Cranelift refuses a kernel or memory cannot be made executable.
    pub fn compile(&self, kernels: &[(&Kernel, &Layout)]) -> Result<Vec<Code>, Error> {
        let failed = |error: &dyn Display| Error::Compilation(error.to_string());
        let mut control = ControlPlane::default();
        let mut module = JITModule::new(JITBuilder::with_isa(self.isa.clone(), default_libcall_names()));
        let mut context = module.make_context();
        let mut frontend = cranelift::prelude::FunctionBuilderContext::new();
        let mut parts = Vec::with_capacity(kernels.len());
        for (number, (kernel, layout)) in kernels.iter().enumerate() {
            check(kernel, layout)?;
            let name = format!("{number}:{}", kernel.name);
            if let Some(vectors) = self.vectors(kernel, layout) {
                let made =
                    wide::function(kernel, layout, vectors, self.options.interleave).map_err(Error::Compilation)?;
                // What a signature says is only used by callers that Cranelift compiles: there are none.
                let function = module
                    .declare_function(&name, Linkage::Export, &module.make_signature())
                    .map_err(|error| failed(&error))?;
                module.define_function_bytes(function, 32, &made.code, &[]).map_err(|error| failed(&error))?;
                parts.push(code::Part {
                    function,
                    pool: made.pool,
                    layout,
                    lists_ticks: wide::lists_ticks(kernel, layout),
                });
                continue;
            }
            let isa = self.isa_for(kernel);
            let pool = translate::translate(kernel, layout, self.options, isa, &mut context.func, &mut frontend);
            let function = module
                .declare_function(&name, Linkage::Export, &context.func.signature)
                .map_err(|error| failed(&error))?;
            let compiled = context.compile(isa, &mut control);
            let compiled = compiled.map_err(|error| Error::Compilation(format!("{:?}", error.inner)))?;
            if !compiled.buffer.relocs().is_empty() {
                return Err(Error::Compilation(format!("{} calls a function", kernel.name)));
            }
            let alignment = u64::from(compiled.buffer.alignment);
            module
                .define_function_bytes(function, alignment, compiled.code_buffer(), &[])
                .map_err(|error| failed(&error))?;
            module.clear_context(&mut context);
            parts.push(code::Part { function, pool, layout, lists_ticks: false });
        }
        module.finalize_definitions().map_err(|error| failed(&error))?;
        Ok(code::link(module, parts))
    }

    /// The text of a kernel at the last two stages.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn listing(&self, kernel: &Kernel, layout: &Layout) -> Result<Listing, Error> {
        let mut context = cranelift_codegen::Context::new();
        let mut frontend = cranelift::prelude::FunctionBuilderContext::new();
        context.set_disasm(true);
        check(kernel, layout)?;
        let isa = self.isa_for(kernel);
        translate::translate(kernel, layout, self.options, isa, &mut context.func, &mut frontend);
        let clif = context.func.display().to_string();
        if let Some(vectors) = self.vectors(kernel, layout) {
            let own = if kernel.is_narrow() { "without vectors" } else { "with two lanes" };
            let lanes = width(self.options, kernel, layout);
            let clif = format!("; {own}; what runs has {lanes}, and is shown by the stage `asm`\n{clif}");
            return Ok(Listing { clif, asm: wide::listing(kernel, layout, vectors, self.options.interleave) });
        }
        let compiled = context
            .compile(isa, &mut ControlPlane::default())
            .map_err(|error| Error::Compilation(format!("{:?}", error.inner)))?;
        Ok(Listing { clif, asm: compiled.vcode.clone().unwrap_or_default() })
    }

    fn vectors(&self, kernel: &Kernel, layout: &Layout) -> Option<Vectors> {
        lanes(self.options, kernel, layout).vectors()
    }

    fn isa_for(&self, kernel: &Kernel) -> &dyn TargetIsa {
        if kernel.insts.len() > LONG { &*self.isa_of_long } else { &*self.isa }
    }

    /// The options it was built with.
    pub fn options(&self) -> Options {
        self.options
    }

    /// The machine's name as Cranelift spells it.
    pub fn target(&self) -> String {
        self.isa.triple().to_string()
    }
}

/// Machine code is only made of core kernels that keep the rules: that is what makes calls sound.
fn check(kernel: &Kernel, layout: &Layout) -> Result<(), Error> {
    if !kernel.is_core() || kernel.draws() {
        return Err(Error::Compilation(format!("{} is not a core kernel", kernel.name)));
    }
    let scalar = |value: &Value| matches!(kernel.inst(*value), Inst::Tick | Inst::Uniform(_));
    if let Some(value) = kernel.values().skip(kernel.prologue).find(scalar) {
        return Err(Error::Compilation(format!("{}, {value}: it belongs into the prologue", kernel.name)));
    }
    verify(kernel, layout.storage()).map_err(Error::Compilation)
}

/// Cranelift for this machine.
fn isa(allocator: &str) -> Result<OwnedTargetIsa, Error> {
    let mut flags = settings::builder();
    let verifier = if cfg!(debug_assertions) { "true" } else { "false" };
    for (name, value) in [
        ("opt_level", "none"),
        ("enable_verifier", verifier),
        ("unwind_info", "false"),
        ("enable_alias_analysis", "false"),
        ("is_pic", "false"),
        ("regalloc_algorithm", allocator),
    ] {
        flags.set(name, value).map_err(|error| Error::Compilation(format!("{name}: {error}")))?;
    }
    let native = cranelift_native::builder().map_err(|reason| Error::Machine(reason.to_owned()))?;
    native
        .finish(settings::Flags::new(flags))
        .map_err(|error| Error::Machine(format!("its instruction set is not supported ({error})")))
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler")
            .field("target", &self.target())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
