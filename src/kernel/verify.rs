//! The rules of a kernel, checked.

use super::abi::{Event, Storage};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Binary, Inst, Kernel, Shift, Type, Unary, Value};

/// Checks that `kernel` keeps the rules; the error names the first instruction that breaks one.
///
/// 1. Operands are defined before they are used, and are values.
/// 2. Operands have the types that the instruction asks for.
/// 3. A prologue never reads or writes columns or asks for the element, and a body sets no uniform.
/// 4. A column is loaded once at most, not after it was stored, and stored once at most: a body's stores could
///    all stand at its end. The same holds for the uniforms of a prologue, which may be read again.
/// 5. What is stored has the type of its column or uniform.
/// 6. Columns, uniforms, arrays and events are of this storage; what an event is listed in are an integer
///    uniform, a column of integers and columns of floats.
/// 7. Events happen in the body, each once, after all that is kept of it; what is kept goes to a list
///    of that event, under the event's mask. Nothing else loads or stores a list.
///
/// # Errors
/// Which rule is broken, where.
pub fn verify(kernel: &Kernel, storage: &Storage) -> Result<(), String> {
    if kernel.insts.len() != kernel.types.len() || kernel.prologue > kernel.insts.len() {
        return Err(format!("kernel {}: lists of different lengths", kernel.name));
    }
    let mut check = Check {
        kernel,
        storage,
        loaded: FxHashSet::default(),
        stored: FxHashSet::default(),
        set: FxHashSet::default(),
        fired: FxHashSet::default(),
        kept: FxHashMap::default(),
    };
    for value in kernel.values() {
        check.inst(value).map_err(|rule| format!("kernel {}, {value}: {rule}", kernel.name))?;
    }
    Ok(())
}

struct Check<'a> {
    kernel: &'a Kernel,
    storage: &'a Storage,
    loaded: FxHashSet<super::ColumnId>,
    stored: FxHashSet<super::ColumnId>,
    set: FxHashSet<super::UniformId>,
    fired: FxHashSet<super::EventId>,
    /// The mask of what is kept of each event.
    kept: FxHashMap<super::EventId, Value>,
}

impl Check<'_> {
    fn inst(&mut self, value: Value) -> Result<(), String> {
        let inst = self.kernel.inst(value);
        for operand in inst.operands() {
            if operand >= value || self.kernel.type_of(operand).is_none() {
                return Err(format!("operand {operand} is not defined"));
            }
        }
        self.ids(inst)?;
        self.places(value, inst)?;
        self.operand_types(inst)?;
        if self.kernel.type_of(value) != self.result(inst) {
            return Err(format!("has type {:?}, should be {:?}", self.kernel.type_of(value), self.result(inst)));
        }
        Ok(())
    }

    fn ids(&self, inst: Inst) -> Result<(), String> {
        let known = match inst {
            Inst::Load(id) | Inst::Store(id, _) if self.storage.is_list(id) => false,
            Inst::Lookup(id, _) => self.storage.arrays.get(id.0 as usize).is_some_and(|array| !array.values.is_empty()),
            Inst::Fire(id, _) => self.storage.events.get(id.0 as usize).is_some_and(|event| self.is_listed(event)),
            Inst::Emit(id, list, ..) => {
                self.storage.events.get(id.0 as usize).is_some_and(|event| event.captured.contains(&list))
            }
            Inst::Load(id) | Inst::Store(id, _) => (id.0 as usize) < self.storage.columns.len(),
            Inst::Uniform(id) | Inst::SetUniform(id, _) => (id.0 as usize) < self.storage.uniforms.len(),
            _ => true,
        };
        if known { Ok(()) } else { Err("names something that is not in the storage, or not for it".into()) }
    }

    /// Whether the lists of an event are in the storage and hold what belongs there.
    fn is_listed(&self, event: &Event) -> bool {
        let uniform = self.storage.uniforms.get(event.count.0 as usize).map(|slot| slot.ty);
        let column = |id: super::ColumnId| self.storage.columns.get(id.0 as usize).map(|slot| slot.ty);
        uniform == Some(Type::I64)
            && column(event.elements) == Some(Type::I64)
            && event.captured.iter().all(|&list| column(list) == Some(Type::F64))
    }

    fn places(&mut self, value: Value, inst: Inst) -> Result<(), String> {
        let prologue = self.kernel.is_uniform(value);
        match inst {
            Inst::Index
            | Inst::Load(_)
            | Inst::Store(..)
            | Inst::Emit(..)
            | Inst::Fire(..)
            | Inst::Seldom(_)
            | Inst::Random(..)
            | Inst::Poisson(..)
                if prologue =>
            {
                Err("needs an element".into())
            }
            Inst::Emit(id, ..) | Inst::Fire(id, _) if self.fired.contains(&id) => {
                Err("belongs to an event that has happened".into())
            }
            Inst::Emit(id, _, mask, _) | Inst::Fire(id, mask) if *self.kept.entry(id).or_insert(mask) != mask => {
                Err("belongs to an event with another mask".into())
            }
            Inst::Fire(id, _) => {
                self.fired.insert(id);
                Ok(())
            }
            Inst::SetUniform(..) if !prologue => Err("sets a uniform in the body".into()),
            Inst::Load(id) if self.stored.contains(&id) => Err("loads a column after storing it".into()),
            Inst::Load(id) if !self.loaded.insert(id) => Err("loads a column twice".into()),
            Inst::Uniform(id) if self.set.contains(&id) => Err("reads a uniform after setting it".into()),
            Inst::Store(id, _) if self.stored.contains(&id) => Err("stores a column twice".into()),
            Inst::SetUniform(id, _) if self.set.contains(&id) => Err("sets a uniform twice".into()),
            Inst::Store(id, _) => {
                self.stored.insert(id);
                Ok(())
            }
            Inst::SetUniform(id, _) => {
                self.set.insert(id);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn operand_types(&self, inst: Inst) -> Result<(), String> {
        let expect = |value: Value, ty: Type| match self.kernel.type_of(value) {
            Some(found) if found == ty => Ok(()),
            found => Err(format!("operand {value} is {found:?}, should be {ty}")),
        };
        let one_of = |value: Value, types: &[Type], what: &str| match self.kernel.type_of(value) {
            Some(found) if types.contains(&found) => Ok(()),
            found => Err(format!("operand {value} is {found:?}, should be {what}")),
        };
        let float = |value: Value| one_of(value, &[Type::F64, Type::F32], "a float");
        let integer = |value: Value| one_of(value, &[Type::I64, Type::I32], "an integer");
        let number = |value: Value| one_of(value, &[Type::F64, Type::F32, Type::I64, Type::I32], "a number");
        let operand = |value: Value, operand: Operand| match operand {
            Operand::Float => float(value),
            Operand::Integer => integer(value),
            Operand::Only(ty) => expect(value, ty),
        };
        let same = |a: Value, b: Value| match self.kernel.type_of(a) == self.kernel.type_of(b) {
            true => Ok(()),
            false => Err(format!("operands {a} and {b} differ in type")),
        };
        match inst {
            Inst::Unary(op, a) => operand(a, unary_operand(op)),
            Inst::Binary(op, a, b) => operand(a, binary_operand(op)).and(same(a, b)),
            Inst::Compare(_, a, b) => number(a).and(same(a, b)),
            Inst::Shift(_, a, amount) if amount < 32 => integer(a),
            Inst::Shift(_, a, amount) if amount < 64 => expect(a, Type::I64),
            Inst::Shift(Shift::Left | Shift::Right | Shift::RightSigned, ..) => Err("shifts by 64 or more".into()),
            Inst::Fma(a, b, c) => float(a).and(same(a, b)).and(same(a, c)),
            Inst::Select(condition, a, b) => expect(condition, Type::Bool).and(same(a, b)),
            Inst::Table(table, _) if table.0.is_empty() => Err("reads an empty table".into()),
            Inst::Table(_, a) | Inst::Lookup(_, a) => expect(a, Type::I64),
            Inst::Math(function, a) if !self.kernel.type_of(a).is_some_and(|ty| function.takes(ty)) => {
                Err(format!("{} is not defined for {:?}", function.name(), self.kernel.type_of(a)))
            }
            Inst::Math(_, a) => float(a),
            Inst::Poisson(_, a) => expect(a, Type::F64),
            Inst::Fire(_, mask) | Inst::Seldom(mask) => expect(mask, Type::Bool),
            Inst::Emit(_, _, mask, a) => expect(mask, Type::Bool).and(expect(a, Type::F64)),
            Inst::Power(a, b) => expect(a, Type::F64).and(same(a, b)),
            Inst::Store(id, a) => expect(a, self.storage.column_slot(id).ty),
            Inst::SetUniform(id, a) => expect(a, self.storage.uniform_slot(id).ty),
            Inst::Float(_)
            | Inst::Float32(_)
            | Inst::Integer(_)
            | Inst::Integer32(_)
            | Inst::Boolean(_)
            | Inst::Tick
            | Inst::Index
            | Inst::Uniform(_)
            | Inst::Load(_)
            | Inst::Random(..) => Ok(()),
        }
    }

    fn result(&self, inst: Inst) -> Option<Type> {
        match inst {
            Inst::Float(_) | Inst::Power(..) | Inst::Random(..) | Inst::Lookup(..) => Some(Type::F64),
            Inst::Float32(_) => Some(Type::F32),
            Inst::Integer(_) | Inst::Tick | Inst::Index | Inst::Table(..) | Inst::Poisson(..) => Some(Type::I64),
            Inst::Integer32(_) => Some(Type::I32),
            Inst::Boolean(_) | Inst::Compare(..) => Some(Type::Bool),
            Inst::Uniform(id) => Some(self.storage.uniform_slot(id).ty),
            Inst::Load(id) => Some(self.storage.column_slot(id).ty),
            Inst::Unary(op, a) => self.kernel.type_of(a).map(|ty| op.result(ty)),
            Inst::Binary(_, a, _)
            | Inst::Select(_, a, _)
            | Inst::Shift(_, a, _)
            | Inst::Fma(a, ..)
            | Inst::Math(_, a) => self.kernel.type_of(a),
            Inst::Store(..) | Inst::SetUniform(..) | Inst::Emit(..) | Inst::Fire(..) | Inst::Seldom(_) => None,
        }
    }
}

/// What an operand has to be.
enum Operand {
    /// `f64` or `f32`
    Float,
    /// `i64` or `i32`
    Integer,
    Only(Type),
}

fn unary_operand(op: Unary) -> Operand {
    match op {
        Unary::Negate
        | Unary::Abs
        | Unary::Sqrt
        | Unary::Floor
        | Unary::Ceil
        | Unary::Trunc
        | Unary::Nearest
        | Unary::ToBits => Operand::Float,
        Unary::ToInteger | Unary::Narrow => Operand::Only(Type::F64),
        Unary::Widen => Operand::Only(Type::F32),
        Unary::FromBits => Operand::Integer,
        Unary::ToFloat => Operand::Only(Type::I64),
        Unary::FromBool | Unary::Not => Operand::Only(Type::Bool),
    }
}

fn binary_operand(op: Binary) -> Operand {
    match op {
        Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Min | Binary::Max => {
            Operand::Float
        }
        Binary::IntAdd
        | Binary::IntSubtract
        | Binary::IntMultiply
        | Binary::IntAnd
        | Binary::IntOr
        | Binary::IntXor => Operand::Integer,
        Binary::IntFloorDivide | Binary::IntRemainder => Operand::Only(Type::I64),
        Binary::And | Binary::Or | Binary::Xor => Operand::Only(Type::Bool),
    }
}
