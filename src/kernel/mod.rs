//! The kernel: one group's work at a tick as straight-line SSA over one element.
//!
//! A kernel is a list of instructions; instruction number 7 defines value `v7`. The first
//! [`Kernel::prologue`] of them run once per tick on single numbers, the rest, the *body*, run for
//! every element. There are no branches: a condition is a `select`. Everything that decides a
//! rounding stands here (the order of operations, where a fused multiply-add is, the polynomial of
//! `exp`), so that executors translate and never choose.
//!
//! A kernel is born with [`Inst::Math`] in it (`exp`, `sin`, …). [`math::expand`] spells those in
//! core instructions; executors accept core kernels only.

pub mod abi;
mod build;
mod contract;
mod evaluate;
pub mod lower;
pub mod math;
mod random;
mod reassociate;
mod share;
mod split;
mod text;
mod verify;

pub use build::Builder;
pub use contract::contract;

pub use evaluate::evaluate;
pub use random::{Draw, DrawKind, Piece, draw};
pub use reassociate::reassociate;
pub use share::share;
pub use split::{Parts, split};

pub use verify::verify;

use abi::{ArrayId, ColumnId, EventId, UniformId};

/// The result of an instruction, printed `v7`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub u32);

impl Value {
    /// The number of the instruction that defines it.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// IEEE binary64
    F64,
    /// IEEE binary32
    F32,
    /// a wrapping 64-bit integer
    I64,
    /// a wrapping 32-bit integer, the bits of an `f32`
    I32,
    /// a truth value; a mask in vectors
    Bool,
}

impl Type {
    /// Whether it is a float of either size.
    pub fn is_float(self) -> bool {
        matches!(self, Type::F64 | Type::F32)
    }

    /// Bytes of an element in memory.
    pub fn bytes(self) -> usize {
        match self {
            Type::F64 | Type::I64 => 8,
            Type::F32 | Type::I32 => 4,
            Type::Bool => 1,
        }
    }
}

/// Operations on one operand; the comment gives operand and result types, where `float` is `f64` or `f32`
/// and `int` is `i64` or `i32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unary {
    /// float → float: flips the sign bit
    Negate,
    /// float → float: clears the sign bit
    Abs,
    /// float → float: correctly rounded square root
    Sqrt,
    /// float → float: towards minus infinity
    Floor,
    /// float → float: towards plus infinity
    Ceil,
    /// float → float: towards zero
    Trunc,
    /// float → float: to the nearest integer, ties to even
    Nearest,
    /// i64 → f64: rounded to nearest, ties to even
    ToFloat,
    /// f64 → i64: towards zero, saturating; NaN gives 0
    ToInteger,
    /// bool → i64: 0 or 1
    FromBool,
    /// f64 → i64, f32 → i32: the same bits
    ToBits,
    /// i64 → f64, i32 → f32: the same bits
    FromBits,
    /// f64 → f32: rounded to nearest, ties to even
    Narrow,
    /// f32 → f64: exact
    Widen,
    /// bool → bool
    Not,
}

impl Unary {
    /// The type of the result for an operand of a type.
    pub fn result(self, operand: Type) -> Type {
        match self {
            Unary::Negate | Unary::Abs | Unary::Sqrt | Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Nearest => {
                operand
            }
            Unary::ToFloat | Unary::Widen => Type::F64,
            Unary::Narrow => Type::F32,
            Unary::ToInteger | Unary::FromBool => Type::I64,
            Unary::ToBits if operand == Type::F32 => Type::I32,
            Unary::ToBits => Type::I64,
            Unary::FromBits if operand == Type::I32 => Type::F32,
            Unary::FromBits => Type::F64,
            Unary::Not => Type::Bool,
        }
    }
}

/// Operations on two operands of one type, which is the result's too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Binary {
    /// float
    Add,
    /// float
    Subtract,
    /// float
    Multiply,
    /// float
    Divide,
    /// float: `if a < b { a } else { b }`, so NaN in either gives `b`
    Min,
    /// float: `if a > b { a } else { b }`, so NaN in either gives `b`
    Max,
    /// int, wrapping
    IntAdd,
    /// int, wrapping
    IntSubtract,
    /// int, wrapping
    IntMultiply,
    /// i64: rounded towards minus infinity; by 0 gives 0; the smallest by -1 wraps
    IntFloorDivide,
    /// i64: with the sign of the divisor; by 0 gives 0
    IntRemainder,
    /// int, bit by bit
    IntAnd,
    /// int, bit by bit
    IntOr,
    /// int, bit by bit
    IntXor,
    /// bool
    And,
    /// bool
    Or,
    /// bool
    Xor,
}

/// Comparisons of two numbers of one type (integers signed); of floats, all but `NotEqual` are false for NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compare {
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
}

/// Shifts of i64 by a fixed amount from 0 to 63, of i32 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shift {
    /// towards the high bits
    Left,
    /// towards the low bits, zeros come in
    Right,
    /// towards the low bits, the sign comes in
    RightSigned,
}

/// Functions that [`math::expand`] spells in core instructions, all float → float.
///
/// Of `f32` there are only those that are made of e^x ([`Math::takes`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Math {
    /// e^x
    Exp,
    /// e^x - 1
    Expm1,
    /// (e^x - 1)/x, 1 at 0
    Exprel,
    /// x/(e^x - 1), 1 at 0; the reciprocal of `Exprel`
    Bernoulli,
    /// natural logarithm
    Log,
    /// log(1 + x)
    Log1p,
    /// decimal logarithm
    Log10,
    /// sine
    Sin,
    /// cosine
    Cos,
    /// tangent
    Tan,
    /// inverse sine
    Arcsin,
    /// inverse cosine
    Arccos,
    /// inverse tangent
    Arctan,
    /// hyperbolic sine
    Sinh,
    /// hyperbolic cosine
    Cosh,
    /// hyperbolic tangent
    Tanh,
}

impl Math {
    /// Whether it is defined for operands of a type.
    pub fn takes(self, ty: Type) -> bool {
        let of_exponentials = match self {
            Math::Exp | Math::Expm1 | Math::Exprel | Math::Bernoulli | Math::Sinh | Math::Cosh | Math::Tanh => true,
            Math::Log
            | Math::Log1p
            | Math::Log10
            | Math::Sin
            | Math::Cos
            | Math::Tan
            | Math::Arcsin
            | Math::Arccos
            | Math::Arctan => false,
        };
        ty == Type::F64 || ty == Type::F32 && of_exponentials
    }
}

/// What a random number is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Distribution {
    /// evenly in [0, 1)
    Uniform,
    /// mean 0, variance 1
    Normal,
}

/// A constant list of 64-bit words that [`Inst::Table`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Table(pub &'static [u64]);

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inst {
    /// An f64 by its bits.
    Float(u64),
    /// An f32 by its bits.
    Float32(u32),
    /// An i64.
    Integer(i64),
    /// An i32.
    Integer32(i32),
    /// A truth value.
    Boolean(bool),
    /// The tick that is computed, i64.
    Tick,
    /// The number of the element, i64; body only.
    Index,
    /// One number for all elements.
    Uniform(UniformId),
    /// This element of a column; body only.
    Load(ColumnId),
    /// An operation on one operand.
    Unary(Unary, Value),
    /// An operation on two operands.
    Binary(Binary, Value, Value),
    /// A comparison.
    Compare(Compare, Value, Value),
    /// A shift by a fixed amount.
    Shift(Shift, Value, u8),
    /// `a*b + c`, rounded once.
    Fma(Value, Value, Value),
    /// `if condition { a } else { b }`
    Select(Value, Value, Value),
    /// The entry of a table, as i64; an index outside is clamped.
    Table(Table, Value),
    /// A function of one operand (not core).
    Math(Math, Value),
    /// x^y of f64 (not core).
    Power(Value, Value),
    /// The entry of an array of the storage, f64; an index outside is clamped.
    Lookup(ArrayId, Value),
    /// A random number, a function of seed, stream, element and tick; machine code finds it in a
    /// column that was filled before.
    Random(Distribution, u32),
    /// A random count of the given mean, i64; likewise.
    Poisson(u32, Value),
    /// Writes this element of a column; body only, no result.
    Store(ColumnId, Value),
    /// Writes the number for all elements; prologue only, no result.
    SetUniform(UniformId, Value),
    /// Where the mask holds, writes a float to the place of a list that the next [`Inst::Fire`] of the
    /// event takes; body only, no result.
    Emit(EventId, ColumnId, Value, Value),
    /// Where the mask holds, appends the element to the list of the event; body only, no result. The
    /// list is in the order of the elements.
    Fire(EventId, Value),
    /// Says that the mask seldom holds, so that what only depends on it may stand apart; body only, no
    /// result and no effect.
    Seldom(Value),
}

impl Inst {
    /// The operands, in order.
    pub fn operands(&self) -> impl Iterator<Item = Value> + use<> {
        let list: [Option<Value>; 3] = match *self {
            Inst::Float(_)
            | Inst::Float32(_)
            | Inst::Integer(_)
            | Inst::Integer32(_)
            | Inst::Boolean(_)
            | Inst::Tick
            | Inst::Index
            | Inst::Uniform(_)
            | Inst::Load(_)
            | Inst::Random(..) => [None; 3],
            Inst::Unary(_, a)
            | Inst::Shift(_, a, _)
            | Inst::Table(_, a)
            | Inst::Lookup(_, a)
            | Inst::Poisson(_, a)
            | Inst::Math(_, a)
            | Inst::Store(_, a)
            | Inst::SetUniform(_, a)
            | Inst::Fire(_, a)
            | Inst::Seldom(a) => [Some(a), None, None],
            Inst::Binary(_, a, b) | Inst::Compare(_, a, b) | Inst::Power(a, b) | Inst::Emit(_, _, a, b) => {
                [Some(a), Some(b), None]
            }
            Inst::Fma(a, b, c) | Inst::Select(a, b, c) => [Some(a), Some(b), Some(c)],
        };
        list.into_iter().flatten()
    }

    /// The same instruction on other operands.
    #[must_use]
    pub fn map(self, mut at: impl FnMut(Value) -> Value) -> Inst {
        match self {
            Inst::Float(_)
            | Inst::Float32(_)
            | Inst::Integer(_)
            | Inst::Integer32(_)
            | Inst::Boolean(_)
            | Inst::Tick
            | Inst::Index
            | Inst::Uniform(_)
            | Inst::Load(_)
            | Inst::Random(..) => self,
            Inst::Unary(op, a) => Inst::Unary(op, at(a)),
            Inst::Binary(op, a, b) => Inst::Binary(op, at(a), at(b)),
            Inst::Compare(op, a, b) => Inst::Compare(op, at(a), at(b)),
            Inst::Shift(op, a, amount) => Inst::Shift(op, at(a), amount),
            Inst::Fma(a, b, c) => Inst::Fma(at(a), at(b), at(c)),
            Inst::Select(c, a, b) => Inst::Select(at(c), at(a), at(b)),
            Inst::Table(table, a) => Inst::Table(table, at(a)),
            Inst::Lookup(array, a) => Inst::Lookup(array, at(a)),
            Inst::Poisson(stream, a) => Inst::Poisson(stream, at(a)),
            Inst::Math(function, a) => Inst::Math(function, at(a)),
            Inst::Power(a, b) => Inst::Power(at(a), at(b)),
            Inst::Store(column, a) => Inst::Store(column, at(a)),
            Inst::SetUniform(uniform, a) => Inst::SetUniform(uniform, at(a)),
            Inst::Emit(event, column, mask, a) => Inst::Emit(event, column, at(mask), at(a)),
            Inst::Fire(event, mask) => Inst::Fire(event, at(mask)),
            Inst::Seldom(mask) => Inst::Seldom(at(mask)),
        }
    }

    /// Whether it is a constant.
    pub fn is_constant(&self) -> bool {
        matches!(self, Inst::Float(_) | Inst::Float32(_) | Inst::Integer(_) | Inst::Integer32(_) | Inst::Boolean(_))
    }

    /// The bits of a constant.
    pub fn constant(&self) -> Option<u64> {
        match *self {
            Inst::Float(bits) => Some(bits),
            Inst::Float32(bits) => Some(u64::from(bits)),
            Inst::Integer(integer) => Some(integer.cast_unsigned()),
            Inst::Integer32(integer) => Some(u64::from(integer.cast_unsigned())),
            Inst::Boolean(truth) => Some(u64::from(truth)),
            _ => None,
        }
    }

    /// Whether it writes memory instead of defining a value.
    pub fn is_effect(&self) -> bool {
        matches!(self, Inst::Store(..) | Inst::SetUniform(..) | Inst::Emit(..) | Inst::Fire(..) | Inst::Seldom(_))
    }
}

/// Straight-line code: a prologue for each tick, a body for each element and tick.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// What messages and listings call it: `cells.update`.
    pub name: String,
    /// The instructions; number 7 defines `v7`.
    pub insts: Vec<Inst>,
    /// The type of each value; `None` for instructions that write memory.
    pub types: Vec<Option<Type>>,
    /// How many of them are the prologue.
    pub prologue: usize,
}

impl Kernel {
    /// The instruction that defines `value`.
    pub fn inst(&self, value: Value) -> Inst {
        self.insts[value.index()]
    }

    /// The type of `value`; values that write memory have none.
    pub fn type_of(&self, value: Value) -> Option<Type> {
        self.types[value.index()]
    }

    /// The value of a float that is a constant, or one that is rounded to 32 bits.
    pub fn number(&self, value: Value) -> Option<f64> {
        match self.inst(value) {
            Inst::Float(bits) => Some(f64::from_bits(bits)),
            Inst::Float32(bits) => Some(f64::from(f32::from_bits(bits))),
            #[allow(clippy::cast_possible_truncation, reason = "rounding is the instruction")]
            Inst::Unary(Unary::Narrow, wide) => self.number(wide).map(|number| f64::from(number as f32)),
            _ => None,
        }
    }

    /// The constant that `value` rounds to 32 bits, where they cannot hold it.
    pub fn beyond_rounding(&self, value: Value) -> Option<f64> {
        let Inst::Unary(Unary::Narrow, wide) = self.inst(value) else { return None };
        let (wide, narrow) = (self.number(wide)?, self.number(value)?);
        let small = narrow.abs() < f64::from(f32::MIN_POSITIVE) && wide != 0.0;
        (wide.is_finite() && (small || narrow.is_infinite())).then_some(wide)
    }

    /// All values in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + use<> {
        (0..u32::try_from(self.insts.len()).unwrap_or(u32::MAX)).map(Value)
    }

    /// Whether the prologue defines `value`.
    pub fn is_uniform(&self, value: Value) -> bool {
        value.index() < self.prologue
    }

    /// Whether the body computes with numbers of 32 bits.
    pub fn is_narrow(&self) -> bool {
        let is_short = |value: Value| matches!(self.type_of(value), Some(Type::F32 | Type::I32));
        self.values().skip(self.prologue).any(|value| is_short(value) || self.inst(value).operands().any(is_short))
    }

    /// How often each value is an operand.
    pub fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0; self.insts.len()];
        for inst in &self.insts {
            for operand in inst.operands() {
                uses[operand.index()] += 1;
            }
        }
        uses
    }

    /// Whether only core instructions are left, so that executors accept it.
    pub fn is_core(&self) -> bool {
        !self.insts.iter().any(|inst| matches!(inst, Inst::Math(..) | Inst::Power(..)))
    }

    /// Whether it draws random numbers itself, which the interpreter alone can do.
    pub fn draws(&self) -> bool {
        self.insts.iter().any(|inst| matches!(inst, Inst::Random(..) | Inst::Poisson(..)))
    }

    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        !self.insts.iter().any(Inst::is_effect)
    }
}
