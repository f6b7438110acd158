//! Builds kernels: shares equal instructions and folds constants on the way.

use super::abi::{ColumnId, Storage, UniformId};
use super::{Binary, Compare, Distribution, Inst, Kernel, Math, Shift, Table, Type, Unary, Value, evaluate};
use rustc_hash::FxHashMap;

/// A kernel in the making. Asking for the same pure instruction twice gives the same value, and an
/// instruction on constants is a constant.
pub struct Builder<'a> {
    kernel: Kernel,
    storage: &'a Storage,
    known: FxHashMap<Inst, Value>,
    /// Whether a constant that is rounded to 32 bits becomes one of 32 bits.
    rounds: bool,
}

impl<'a> Builder<'a> {
    /// An empty kernel over `storage`.
    pub fn new(name: impl Into<String>, storage: &'a Storage) -> Self {
        let kernel = Kernel { name: name.into(), ..Kernel::default() };
        Builder { kernel, storage, known: FxHashMap::default(), rounds: true }
    }

    /// The same, but constants that are rounded to 32 bits stay as they are before, for passes that put
    /// constants together.
    pub fn unrounded(name: impl Into<String>, storage: &'a Storage) -> Self {
        Builder { rounds: false, ..Builder::new(name, storage) }
    }

    /// Makes all that is built so far the prologue and all that follows the body. Without a call, all
    /// is body.
    pub fn begin_body(&mut self) {
        self.kernel.prologue = self.kernel.insts.len();
    }

    /// The kernel, without the instructions that nothing uses.
    pub fn finish(self) -> Kernel {
        drop_unused(self.kernel)
    }

    /// Adds an instruction, or finds the one that does the same.
    pub fn push(&mut self, inst: Inst) -> Value {
        let inst = self.fold(inst);
        if !inst.is_effect()
            && let Some(&value) = self.known.get(&inst)
        {
            return value;
        }
        let value = Value(u32::try_from(self.kernel.insts.len()).unwrap_or(u32::MAX));
        let ty = self.type_of_inst(inst);
        self.kernel.insts.push(inst);
        self.kernel.types.push(ty);
        if !inst.is_effect() {
            self.known.insert(inst, value);
        }
        value
    }

    /// The constant that `inst` is, where its operands are constants, or the operand it returns.
    fn fold(&self, inst: Inst) -> Inst {
        if let Inst::Select(condition, a, b) = inst {
            match self.kernel.inst(condition) {
                Inst::Boolean(true) => return self.kernel.inst(a),
                Inst::Boolean(false) => return self.kernel.inst(b),
                _ if a == b => return self.kernel.inst(a),
                _ => return inst,
            }
        }
        if matches!(inst, Inst::Unary(Unary::Narrow, _)) && !self.rounds {
            return inst;
        }
        if inst.is_effect() || !inst.operands().all(|operand| self.constant(operand).is_some()) {
            return inst;
        }
        let bits = |value| self.constant(value).unwrap_or(0);
        let Some(result) = evaluate(inst, bits, |value| self.kernel.type_of(value)) else { return inst };
        match self.type_of_inst(inst) {
            // Which of several NaNs an operation gives differs between machines: leave it to them.
            Some(Type::F64) if f64::from_bits(result).is_nan() && !inst.is_constant() => inst,
            Some(Type::F32) if f32::from_bits(low(result)).is_nan() && !inst.is_constant() => inst,
            Some(Type::F64) => Inst::Float(result),
            Some(Type::F32) => Inst::Float32(low(result)),
            Some(Type::I64) => Inst::Integer(result.cast_signed()),
            Some(Type::I32) => Inst::Integer32(low(result).cast_signed()),
            Some(Type::Bool) => Inst::Boolean(result != 0),
            None => inst,
        }
    }

    /// The bits of a constant.
    pub fn constant(&self, value: Value) -> Option<u64> {
        self.kernel.inst(value).constant()
    }

    /// The value of a constant that is a float.
    pub fn number(&self, value: Value) -> Option<f64> {
        self.kernel.number(value)
    }

    /// What a value is before it is rounded to 32 bits, if it is.
    pub fn before_rounding(&self, value: Value) -> Option<Value> {
        match self.kernel.inst(value) {
            Inst::Unary(Unary::Narrow, wide) => Some(wide),
            _ => None,
        }
    }

    /// The type of a value that was built.
    ///
    /// # Panics
    /// When `value` writes memory, which has no type.
    pub fn type_of(&self, value: Value) -> Type {
        self.kernel.type_of(value).unwrap_or_else(|| panic!("{value:?} has no result"))
    }

    fn type_of_inst(&self, inst: Inst) -> Option<Type> {
        Some(match inst {
            Inst::Float(_) | Inst::Power(..) | Inst::Random(..) | Inst::Lookup(..) => Type::F64,
            Inst::Float32(_) => Type::F32,
            Inst::Integer(_) | Inst::Tick | Inst::Index | Inst::Table(..) | Inst::Poisson(..) => Type::I64,
            Inst::Integer32(_) => Type::I32,
            Inst::Boolean(_) | Inst::Compare(..) => Type::Bool,
            Inst::Uniform(id) => self.storage.uniform_slot(id).ty,
            Inst::Load(id) => self.storage.column_slot(id).ty,
            Inst::Unary(op, a) => op.result(self.kernel.type_of(a)?),
            Inst::Binary(_, a, _)
            | Inst::Select(_, a, _)
            | Inst::Shift(_, a, _)
            | Inst::Fma(a, ..)
            | Inst::Math(_, a) => return self.kernel.type_of(a),
            Inst::Store(..) | Inst::SetUniform(..) | Inst::Emit(..) | Inst::Fire(..) | Inst::Seldom(_) => {
                return None;
            }
        })
    }
}

/// Short names for the instructions, so that formulas read as such.
#[expect(missing_docs, reason = "each is the instruction of its name")]
impl Builder<'_> {
    pub fn float(&mut self, value: f64) -> Value {
        self.push(Inst::Float(value.to_bits()))
    }
    /// A constant of a type of floats, rounded to it.
    pub fn float_of(&mut self, ty: Type, value: f64) -> Value {
        match ty {
            #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
            Type::F32 => self.push(Inst::Float32((value as f32).to_bits())),
            Type::F64 => self.float(value),
            Type::I64 | Type::I32 | Type::Bool => panic!("bug: a float of the type {ty}"),
        }
    }
    /// A constant of the type of `like`.
    pub fn float_as(&mut self, like: Value, value: f64) -> Value {
        self.float_of(self.type_of(like), value)
    }
    pub fn int(&mut self, value: i64) -> Value {
        self.push(Inst::Integer(value))
    }
    pub fn boolean(&mut self, value: bool) -> Value {
        self.push(Inst::Boolean(value))
    }
    pub fn tick(&mut self) -> Value {
        self.push(Inst::Tick)
    }
    pub fn index(&mut self) -> Value {
        self.push(Inst::Index)
    }
    pub fn uniform(&mut self, id: UniformId) -> Value {
        self.push(Inst::Uniform(id))
    }
    pub fn load(&mut self, id: ColumnId) -> Value {
        self.push(Inst::Load(id))
    }
    pub fn unary(&mut self, op: Unary, a: Value) -> Value {
        self.push(Inst::Unary(op, a))
    }
    pub fn binary(&mut self, op: Binary, a: Value, b: Value) -> Value {
        self.push(Inst::Binary(op, a, b))
    }
    pub fn negate(&mut self, a: Value) -> Value {
        self.unary(Unary::Negate, a)
    }
    pub fn abs(&mut self, a: Value) -> Value {
        self.unary(Unary::Abs, a)
    }
    pub fn add(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Add, a, b)
    }
    pub fn sub(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Subtract, a, b)
    }
    pub fn mul(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Multiply, a, b)
    }
    pub fn div(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Divide, a, b)
    }
    pub fn min(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Min, a, b)
    }
    pub fn max(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Max, a, b)
    }
    pub fn fma(&mut self, a: Value, b: Value, c: Value) -> Value {
        self.push(Inst::Fma(a, b, c))
    }
    pub fn select(&mut self, condition: Value, a: Value, b: Value) -> Value {
        self.push(Inst::Select(condition, a, b))
    }
    pub fn compare(&mut self, op: Compare, a: Value, b: Value) -> Value {
        self.push(Inst::Compare(op, a, b))
    }
    pub fn less(&mut self, a: Value, b: Value) -> Value {
        self.compare(Compare::Less, a, b)
    }
    pub fn equal(&mut self, a: Value, b: Value) -> Value {
        self.compare(Compare::Equal, a, b)
    }
    pub fn not_equal(&mut self, a: Value, b: Value) -> Value {
        self.compare(Compare::NotEqual, a, b)
    }
    pub fn shift(&mut self, op: Shift, a: Value, amount: u8) -> Value {
        self.push(Inst::Shift(op, a, amount))
    }
    pub fn to_bits(&mut self, a: Value) -> Value {
        self.unary(Unary::ToBits, a)
    }
    pub fn from_bits(&mut self, a: Value) -> Value {
        self.unary(Unary::FromBits, a)
    }
    pub fn table(&mut self, table: Table, index: Value) -> Value {
        self.push(Inst::Table(table, index))
    }
    pub fn math(&mut self, function: Math, a: Value) -> Value {
        self.push(Inst::Math(function, a))
    }
    pub fn power(&mut self, a: Value, b: Value) -> Value {
        self.push(Inst::Power(a, b))
    }
    pub fn random(&mut self, distribution: Distribution, stream: u32) -> Value {
        self.push(Inst::Random(distribution, stream))
    }
    pub fn lookup(&mut self, array: super::abi::ArrayId, index: Value) -> Value {
        self.push(Inst::Lookup(array, index))
    }
    pub fn poisson(&mut self, stream: u32, mean: Value) -> Value {
        self.push(Inst::Poisson(stream, mean))
    }
    pub fn emit(&mut self, event: super::abi::EventId, list: ColumnId, mask: Value, a: Value) {
        self.push(Inst::Emit(event, list, mask, a));
    }
    pub fn fire(&mut self, event: super::abi::EventId, mask: Value) {
        self.push(Inst::Fire(event, mask));
    }
    pub fn seldom(&mut self, mask: Value) {
        self.push(Inst::Seldom(mask));
    }
    pub fn store(&mut self, id: ColumnId, a: Value) {
        self.push(Inst::Store(id, a));
    }
    pub fn set_uniform(&mut self, id: UniformId, a: Value) {
        self.push(Inst::SetUniform(id, a));
    }
}

/// The lower half of a word.
fn low(word: u64) -> u32 {
    (word & 0xffff_ffff) as u32
}

/// Removes what no effect needs and numbers the rest anew.
fn drop_unused(kernel: Kernel) -> Kernel {
    let mut needed = vec![false; kernel.insts.len()];
    for index in (0..kernel.insts.len()).rev() {
        needed[index] |= kernel.insts[index].is_effect();
        if needed[index] {
            for operand in kernel.insts[index].operands() {
                needed[operand.index()] = true;
            }
        }
    }
    let mut image = vec![Value(0); kernel.insts.len()];
    let mut kept = Kernel { name: kernel.name, ..Kernel::default() };
    for (index, inst) in kernel.insts.into_iter().enumerate() {
        if index == kernel.prologue {
            kept.prologue = kept.insts.len();
        }
        if needed[index] {
            image[index] = Value(u32::try_from(kept.insts.len()).unwrap_or(u32::MAX));
            kept.insts.push(inst.map(|operand| image[operand.index()]));
            kept.types.push(kernel.types[index]);
        }
    }
    if kernel.prologue == needed.len() {
        kept.prologue = kept.insts.len();
    }
    kept
}
