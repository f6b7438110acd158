//! Writes a kernel as text, one instruction a line.

use super::abi::Storage;
use super::{Binary, Compare, Distribution, Inst, Kernel, Math, Shift, Type, Unary, Value};
use std::fmt::{self, Debug, Display, Formatter, Write};

impl Debug for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::F64 => "f64",
            Type::F32 => "f32",
            Type::I64 => "i64",
            Type::I32 => "i32",
            Type::Bool => "bool",
        })
    }
}

impl Kernel {
    /// The kernel as text, with the names of `storage`.
    pub fn text(&self, storage: &Storage) -> String {
        let mut text = format!("kernel {}\n", self.name);
        for value in self.values() {
            if value.index() == 0 && self.prologue > 0 {
                text.push_str("prologue:\n");
            }
            if value.index() == self.prologue {
                text.push_str("body:\n");
            }
            text.push_str("    ");
            if let Some(ty) = self.type_of(value) {
                let _ = write!(text, "{value}: {ty} = ");
            }
            write_inst(&mut text, self.inst(value), storage);
            text.push('\n');
        }
        text
    }
}

/// Writing to a `String` cannot fail, so its results are dropped.
fn write_inst(text: &mut String, inst: Inst, storage: &Storage) {
    let _ = match inst {
        Inst::Float(bits) => write!(text, "{:?}", f64::from_bits(bits)),
        Inst::Float32(bits) => write!(text, "{:?}", f32::from_bits(bits)),
        Inst::Integer32(value) if value.unsigned_abs() > 0xffff => write!(text, "{value:#x}"),
        Inst::Integer32(value) => write!(text, "{value}"),
        Inst::Integer(value) if value.unsigned_abs() > 0xffff_ffff => write!(text, "{value:#x}"),
        Inst::Integer(value) => write!(text, "{value}"),
        Inst::Boolean(value) => write!(text, "{value}"),
        Inst::Tick => write!(text, "tick"),
        Inst::Index => write!(text, "index"),
        Inst::Uniform(id) => write!(text, "uniform {}", storage.uniform_slot(id).name),
        Inst::Load(id) => write!(text, "load {}", storage.column_slot(id).name),
        Inst::Unary(op, a) => write!(text, "{} {a}", op.name()),
        Inst::Binary(op, a, b) => write!(text, "{} {a}, {b}", op.name()),
        Inst::Compare(op, a, b) => write!(text, "{} {a}, {b}", op.name()),
        Inst::Shift(op, a, amount) => write!(text, "{} {a}, {amount}", op.name()),
        Inst::Fma(a, b, c) => write!(text, "fma {a}, {b}, {c}"),
        Inst::Select(c, a, b) => write!(text, "select {c}, {a}, {b}"),
        Inst::Table(table, a) => write!(text, "table[{}] {a}", table.0.len()),
        Inst::Math(function, a) => write!(text, "{} {a}", function.name()),
        Inst::Power(a, b) => write!(text, "power {a}, {b}"),
        Inst::Random(Distribution::Uniform, stream) => write!(text, "random.uniform {stream}"),
        Inst::Random(Distribution::Normal, stream) => write!(text, "random.normal {stream}"),
        Inst::Lookup(id, a) => write!(text, "lookup {} {a}", storage.array_slot(id).name),
        Inst::Poisson(stream, a) => write!(text, "random.poisson {stream}, {a}"),
        Inst::Emit(_, id, mask, a) => write!(text, "emit {}, {mask}, {a}", storage.column_slot(id).name),
        Inst::Seldom(mask) => write!(text, "seldom {mask}"),
        Inst::Fire(id, mask) => write!(text, "fire {}, {mask}", storage.event_slot(id).name),
        Inst::Store(id, a) => write!(text, "store {}, {a}", storage.column_slot(id).name),
        Inst::SetUniform(id, a) => write!(text, "set {}, {a}", storage.uniform_slot(id).name),
    };
}

impl Unary {
    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Unary::Negate => "neg",
            Unary::Abs => "abs",
            Unary::Sqrt => "sqrt",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Trunc => "trunc",
            Unary::Nearest => "nearest",
            Unary::ToFloat => "to_float",
            Unary::ToInteger => "to_integer",
            Unary::FromBool => "from_bool",
            Unary::ToBits => "to_bits",
            Unary::FromBits => "from_bits",
            Unary::Narrow => "narrow",
            Unary::Widen => "widen",
            Unary::Not => "not",
        }
    }
}

impl Binary {
    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Subtract => "sub",
            Binary::Multiply => "mul",
            Binary::Divide => "div",
            Binary::Min => "min",
            Binary::Max => "max",
            Binary::IntAdd => "iadd",
            Binary::IntSubtract => "isub",
            Binary::IntMultiply => "imul",
            Binary::IntFloorDivide => "ifloordiv",
            Binary::IntRemainder => "irem",
            Binary::IntAnd => "iand",
            Binary::IntOr => "ior",
            Binary::IntXor => "ixor",
            Binary::And => "and",
            Binary::Or => "or",
            Binary::Xor => "xor",
        }
    }
}

impl Compare {
    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Compare::Equal => "eq",
            Compare::NotEqual => "ne",
            Compare::Less => "lt",
            Compare::LessEqual => "le",
        }
    }
}

impl Shift {
    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Shift::Left => "shl",
            Shift::Right => "shr",
            Shift::RightSigned => "sar",
        }
    }
}

impl Math {
    /// The name in listings.
    pub fn name(self) -> &'static str {
        match self {
            Math::Exp => "exp",
            Math::Expm1 => "expm1",
            Math::Exprel => "exprel",
            Math::Bernoulli => "bernoulli",
            Math::Log => "log",
            Math::Log1p => "log1p",
            Math::Log10 => "log10",
            Math::Sin => "sin",
            Math::Cos => "cos",
            Math::Tan => "tan",
            Math::Arcsin => "arcsin",
            Math::Arccos => "arccos",
            Math::Arctan => "arctan",
            Math::Sinh => "sinh",
            Math::Cosh => "cosh",
            Math::Tanh => "tanh",
        }
    }
}
