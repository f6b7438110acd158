//! What each core instruction means, as one `match`: the interpreter and constant folding use it.

use super::{Binary, Compare, Inst, Shift, Type, Unary, Value};

/// The result of a pure core instruction, as bits; `get` gives an operand's bits and `ty` its type.
///
/// Truth values are 0 and 1. Answers `None` for what depends on more than its operands (loads, the
/// tick, the element), has no result, or is not core.
pub fn evaluate(inst: Inst, get: impl Fn(Value) -> u64, ty: impl Fn(Value) -> Option<Type>) -> Option<u64> {
    let int = |value| get(value).cast_signed();
    let is = |value, own| ty(value) == Some(own);
    Some(match inst {
        Inst::Float(_) | Inst::Float32(_) | Inst::Integer(_) | Inst::Integer32(_) | Inst::Boolean(_) => {
            return inst.constant();
        }
        Inst::Unary(op, a) if is(a, Type::F32) => single_unary(op, get(a)),
        Inst::Unary(op, a) => unary(op, get(a)),
        Inst::Binary(op, a, b) if is(a, Type::F32) => single_binary(op, get(a), get(b)),
        Inst::Binary(op, a, b) if is(a, Type::I32) => low(binary(op, get(a), get(b))),
        Inst::Binary(op, a, b) => binary(op, get(a), get(b)),
        Inst::Compare(op, a, b) => u64::from(match ty(a)? {
            Type::F64 => compare(op, &f64::from_bits(get(a)), &f64::from_bits(get(b))),
            Type::F32 => compare(op, &single(get(a)), &single(get(b))),
            Type::I32 => compare(op, &short(get(a)), &short(get(b))),
            Type::I64 | Type::Bool => compare(op, &int(a), &int(b)),
        }),
        Inst::Shift(op, a, amount) if is(a, Type::I32) => low(match op {
            Shift::Left => get(a) << amount,
            Shift::Right => get(a) >> amount,
            Shift::RightSigned => i64::from(short(get(a)) >> amount).cast_unsigned(),
        }),
        Inst::Shift(Shift::Left, a, amount) => get(a) << amount,
        Inst::Shift(Shift::Right, a, amount) => get(a) >> amount,
        Inst::Shift(Shift::RightSigned, a, amount) => (int(a) >> amount).cast_unsigned(),
        Inst::Fma(a, b, c) if is(a, Type::F32) => bits(single(get(a)).mul_add(single(get(b)), single(get(c)))),
        Inst::Fma(a, b, c) => {
            let [a, b, c] = [a, b, c].map(|value| f64::from_bits(get(value)));
            a.mul_add(b, c).to_bits()
        }
        Inst::Select(condition, a, b) => get(if get(condition) != 0 { a } else { b }),
        Inst::Table(table, a) => {
            let last = table.0.len().saturating_sub(1);
            table.0[usize::try_from(int(a).max(0)).unwrap_or(last).min(last)]
        }
        Inst::Tick
        | Inst::Index
        | Inst::Uniform(_)
        | Inst::Load(_)
        | Inst::Math(..)
        | Inst::Power(..)
        | Inst::Random(..)
        | Inst::Lookup(..)
        | Inst::Poisson(..)
        | Inst::Emit(..)
        | Inst::Fire(..)
        | Inst::Seldom(_)
        | Inst::Store(..)
        | Inst::SetUniform(..) => return None,
    })
}

/// The lower half of a word; the upper one of 32-bit numbers is 0.
fn low(word: u64) -> u64 {
    word & 0xffff_ffff
}

fn short(word: u64) -> i32 {
    (low(word) as u32).cast_signed()
}

fn single(word: u64) -> f32 {
    f32::from_bits(low(word) as u32)
}

fn bits(x: f32) -> u64 {
    u64::from(x.to_bits())
}

fn single_unary(op: Unary, a: u64) -> u64 {
    let x = single(a);
    match op {
        Unary::Negate => a ^ (1 << 31),
        Unary::Abs => a & !(1 << 31),
        Unary::Sqrt => bits(x.sqrt()),
        Unary::Floor => bits(x.floor()),
        Unary::Ceil => bits(x.ceil()),
        Unary::Trunc => bits(x.trunc()),
        Unary::Nearest => bits(x.round_ties_even()),
        Unary::Widen => f64::from(x).to_bits(),
        Unary::ToBits => a,
        Unary::ToFloat | Unary::ToInteger | Unary::FromBool | Unary::FromBits | Unary::Narrow | Unary::Not => {
            panic!("bug: {op:?} of an f32")
        }
    }
}

fn single_binary(op: Binary, a: u64, b: u64) -> u64 {
    let (x, y) = (single(a), single(b));
    match op {
        Binary::Add => bits(x + y),
        Binary::Subtract => bits(x - y),
        Binary::Multiply => bits(x * y),
        Binary::Divide => bits(x / y),
        Binary::Min if x < y => a,
        Binary::Max if x > y => a,
        Binary::Min | Binary::Max => b,
        Binary::IntAdd
        | Binary::IntSubtract
        | Binary::IntMultiply
        | Binary::IntFloorDivide
        | Binary::IntRemainder
        | Binary::IntAnd
        | Binary::IntOr
        | Binary::IntXor
        | Binary::And
        | Binary::Or
        | Binary::Xor => panic!("bug: {op:?} of f32"),
    }
}

fn unary(op: Unary, a: u64) -> u64 {
    let x = f64::from_bits(a);
    match op {
        Unary::Negate => a ^ (1 << 63),
        Unary::Abs => a & !(1 << 63),
        Unary::Sqrt => x.sqrt().to_bits(),
        Unary::Floor => x.floor().to_bits(),
        Unary::Ceil => x.ceil().to_bits(),
        Unary::Trunc => x.trunc().to_bits(),
        Unary::Nearest => x.round_ties_even().to_bits(),
        #[allow(clippy::cast_precision_loss, reason = "rounding is the instruction")]
        Unary::ToFloat => (a.cast_signed() as f64).to_bits(),
        #[allow(clippy::cast_possible_truncation, reason = "truncation and saturation are the instruction")]
        Unary::ToInteger => (x as i64).cast_unsigned(),
        Unary::FromBool | Unary::ToBits | Unary::FromBits => a,
        #[allow(clippy::cast_possible_truncation, reason = "rounding is the instruction")]
        Unary::Narrow => bits(x as f32),
        Unary::Widen => panic!("bug: an f64 cannot be widened"),
        Unary::Not => a ^ 1,
    }
}

fn binary(op: Binary, a: u64, b: u64) -> u64 {
    let (x, y) = (f64::from_bits(a), f64::from_bits(b));
    let (i, j) = (a.cast_signed(), b.cast_signed());
    match op {
        Binary::Add => (x + y).to_bits(),
        Binary::Subtract => (x - y).to_bits(),
        Binary::Multiply => (x * y).to_bits(),
        Binary::Divide => (x / y).to_bits(),
        Binary::Min => {
            if x < y {
                a
            } else {
                b
            }
        }
        Binary::Max => {
            if x > y {
                a
            } else {
                b
            }
        }
        Binary::IntAdd => a.wrapping_add(b),
        Binary::IntSubtract => a.wrapping_sub(b),
        Binary::IntMultiply => a.wrapping_mul(b),
        Binary::IntFloorDivide => floor_divide(i, j).cast_unsigned(),
        Binary::IntRemainder => i.wrapping_sub(floor_divide(i, j).wrapping_mul(j)).cast_unsigned() * u64::from(j != 0),
        Binary::IntAnd | Binary::And => a & b,
        Binary::IntOr | Binary::Or => a | b,
        Binary::IntXor | Binary::Xor => a ^ b,
    }
}

/// Rounds towards minus infinity; by 0 gives 0.
fn floor_divide(i: i64, j: i64) -> i64 {
    if j == 0 {
        return 0;
    }
    let quotient = i.wrapping_div(j);
    let inexact = i.wrapping_rem(j) != 0;
    quotient - i64::from(inexact && (i < 0) != (j < 0))
}

fn compare<T: PartialOrd>(op: Compare, a: &T, b: &T) -> bool {
    match op {
        Compare::Equal => a == b,
        Compare::NotEqual => a != b,
        Compare::Less => a < b,
        Compare::LessEqual => a <= b,
    }
}
