//! Kernels of random core instructions.

use arbitrary::{Result, Unstructured};
use dvdt::kernel::abi::{Array, ArrayId, ColumnId, EventId, Storage, UniformId, Varies};
use dvdt::kernel::{Binary, Builder, Compare, Inst, Kernel, Shift, Table, Type, Unary, Value};

/// Four columns of floats, two of integers, as many of each of 32 bits, two of truth values; as many uniforms; an array, and two events
/// that keep a float each.
pub fn storage() -> Storage {
    let mut storage = Storage::default();
    for (ty, count) in [(Type::F64, 4), (Type::I64, 2), (Type::F32, 4), (Type::I32, 2), (Type::Bool, 2)] {
        for number in 0..count {
            storage.column(format!("{ty}{number}"), ty, Varies::Ticks);
            storage.uniform(format!("u_{ty}{number}"), ty, Varies::Ticks);
        }
    }
    let values = [1.5, -2.0, f64::INFINITY, 0.0, 7.0];
    storage.arrays.push(Array { name: "array".into(), values: values.into(), columns: None, grain: 1.0, grains: 1.0 });
    for event in ["one", "two"] {
        storage.event(event, 1);
    }
    storage
}

/// Whether a column is a list of an event.
fn is_list(storage: &Storage, id: u32) -> bool {
    storage.events.iter().any(|event| event.elements.0 == id || event.captured.contains(&ColumnId(id)))
}

/// Whether a uniform is the count of an event.
fn is_count(storage: &Storage, id: u32) -> bool {
    storage.events.iter().any(|event| event.count.0 == id)
}

/// A float that is likely to be special.
pub fn float(u: &mut Unstructured<'_>) -> Result<f64> {
    Ok(match u.int_in_range(0..=15)? {
        0 => 0.0,
        1 => -0.0,
        2 => f64::INFINITY,
        3 => f64::NEG_INFINITY,
        4 => f64::NAN,
        5 => f64::MIN_POSITIVE / 8.0,
        6 => f64::MAX,
        7 => 1.0,
        8 => f64::from_bits(u.arbitrary()?),
        _ => f64::from(u.arbitrary::<i16>()?) / 256.0,
    })
}

/// An integer that is likely to be special.
pub fn integer(u: &mut Unstructured<'_>) -> Result<i64> {
    Ok(match u.int_in_range(0..=7)? {
        0 => 0,
        1 => -1,
        2 => i64::MIN,
        3 => i64::MAX,
        4 => u.arbitrary()?,
        _ => i64::from(u.arbitrary::<i8>()?),
    })
}

/// The same of 32 bits.
pub fn float32(u: &mut Unstructured<'_>) -> Result<f32> {
    Ok(match u.int_in_range(0..=7)? {
        0 => f32::MIN_POSITIVE / 8.0,
        1 => f32::MAX,
        2 => f32::from_bits(u.arbitrary()?),
        _ => float(u)? as f32,
    })
}

/// The sizes of the numbers of a kernel: of one size, or of both.
const SIZES: [(&[Type], &[Type]); 3] =
    [(&[Type::F64], &[Type::I64]), (&[Type::F32], &[Type::I32]), (&[Type::F64, Type::F32], &[Type::I64, Type::I32])];

/// A core kernel over [`storage`]. Some are short and without events, and store only what they load, so that
/// their ticks may be fused.
pub fn kernel(u: &mut Unstructured<'_>, storage: &Storage) -> Result<Kernel> {
    let (floats, integers) = *u.choose(&SIZES)?;
    let builder = Builder::new("generated", storage);
    let mut generator = Generator { builder, storage, floats, integers, pool: Default::default() };
    let quiet = u.ratio(1, 5)?;
    for _ in 0..u.int_in_range(0..=if quiet { 3 } else { 10 })? {
        generator.inst(u, true)?;
    }
    let mut writes = vec![];
    for (id, slot) in (0u32..).zip(&storage.uniforms) {
        if !quiet && !is_count(storage, id) && generator.has(slot.ty) && u.ratio(1, 6)? {
            writes.push((UniformId(id), generator.pick(u, slot.ty, true)?));
        }
    }
    writes.into_iter().for_each(|(id, value)| generator.builder.set_uniform(id, value));
    generator.builder.begin_body();
    for _ in 0..u.int_in_range(1..=if quiet { 12 } else { 60 })? {
        generator.inst(u, false)?;
    }
    let mut happenings = vec![];
    if quiet && u.ratio(1, 2)? {
        let listed = u.ratio(1, 2)?;
        let kept = if listed && u.ratio(1, 2)? { Some(generator.pick(u, Type::F64, false)?) } else { None };
        happenings.push((EventId(0), generator.pick(u, Type::Bool, false)?, kept, listed));
    }
    for event in 0..u.int_in_range(0..=if quiet { 0 } else { 2u32 })? {
        let kept = if u.ratio(1, 2)? { Some(generator.pick(u, Type::F64, false)?) } else { None };
        happenings.push((EventId(event), generator.pick(u, Type::Bool, false)?, kept, u.ratio(2, 3)?));
    }
    let mut writes = vec![];
    for (id, slot) in (0u32..).zip(&storage.columns) {
        if is_list(storage, id) || !generator.has(slot.ty) || !u.ratio(2, 3)? {
            continue;
        }
        let mut value = generator.pick(u, slot.ty, false)?;
        if quiet {
            let load = generator.builder.load(ColumnId(id));
            value = match slot.ty {
                Type::F64 | Type::F32 => generator.builder.push(Inst::Binary(Binary::Add, load, value)),
                Type::I64 | Type::I32 => generator.builder.push(Inst::Binary(Binary::IntXor, load, value)),
                Type::Bool => continue,
            };
        }
        if let Some(&(_, mask, ..)) = happenings.first().filter(|_| slot.ty != Type::Bool) {
            // As code of an event writes it.
            let mask = happenings.get(u.choose_index(2)?).map_or(mask, |&(_, mask, ..)| mask);
            if u.ratio(1, 2)? {
                let then = generator.pick(u, slot.ty, false)?;
                value = generator.builder.select(mask, then, value);
            }
        }
        writes.push((ColumnId(id), value));
    }
    writes.into_iter().for_each(|(id, value)| generator.builder.store(id, value));
    for (event, mask, kept, listed) in happenings {
        if !listed {
            generator.builder.seldom(mask);
            continue;
        }
        if let Some(value) = kept {
            generator.builder.emit(event, storage.event_slot(event).captured[0], mask, value);
        }
        generator.builder.fire(event, mask);
    }
    Ok(generator.builder.finish())
}

struct Generator<'a> {
    builder: Builder<'a>,
    storage: &'a Storage,
    floats: &'a [Type],
    integers: &'a [Type],
    pool: [Vec<Value>; 5],
}

const SQUARES: Table = Table(&[0, 1, 4, 9, 16]);

impl Generator<'_> {
    /// Whether numbers of a type occur in this kernel.
    fn has(&self, ty: Type) -> bool {
        ty == Type::Bool || self.floats.contains(&ty) || self.integers.contains(&ty)
    }

    fn inst(&mut self, u: &mut Unstructured<'_>, prologue: bool) -> Result<()> {
        let (float, integer) = (*u.choose(self.floats)?, *u.choose(self.integers)?);
        let inst = match u.int_in_range(0..=14)? {
            0..=2 => {
                let op = *u.choose(&[
                    Binary::Add,
                    Binary::Subtract,
                    Binary::Multiply,
                    Binary::Divide,
                    Binary::Min,
                    Binary::Max,
                ])?;
                Inst::Binary(op, self.pick(u, float, prologue)?, self.pick(u, float, prologue)?)
            }
            3 | 4 => {
                let op = *u.choose(&[
                    Binary::IntAdd,
                    Binary::IntSubtract,
                    Binary::IntMultiply,
                    Binary::IntFloorDivide,
                    Binary::IntRemainder,
                    Binary::IntAnd,
                    Binary::IntOr,
                    Binary::IntXor,
                ])?;
                let divides = matches!(op, Binary::IntFloorDivide | Binary::IntRemainder);
                let integer = if divides { Type::I64 } else { integer };
                Inst::Binary(op, self.pick(u, integer, prologue)?, self.pick(u, integer, prologue)?)
            }
            5 => {
                let op = *u.choose(&[Binary::And, Binary::Or, Binary::Xor])?;
                Inst::Binary(op, self.pick(u, Type::Bool, prologue)?, self.pick(u, Type::Bool, prologue)?)
            }
            6 => {
                let ty = *u.choose(&[float, integer])?;
                let op = *u.choose(&[Compare::Equal, Compare::NotEqual, Compare::Less, Compare::LessEqual])?;
                Inst::Compare(op, self.pick(u, ty, prologue)?, self.pick(u, ty, prologue)?)
            }
            7 => {
                let op = *u.choose(&[Shift::Left, Shift::Right, Shift::RightSigned])?;
                let most = if integer == Type::I32 { 31 } else { 63 };
                Inst::Shift(op, self.pick(u, integer, prologue)?, u.int_in_range(0..=most)?)
            }
            8 | 9 => Inst::Fma(
                self.pick(u, float, prologue)?,
                self.pick(u, float, prologue)?,
                self.pick(u, float, prologue)?,
            ),
            10 => {
                let ty = *u.choose(&[float, integer, Type::Bool])?;
                let condition = self.pick(u, Type::Bool, prologue)?;
                Inst::Select(condition, self.pick(u, ty, prologue)?, self.pick(u, ty, prologue)?)
            }
            11 => Inst::Table(SQUARES, self.pick(u, Type::I64, prologue)?),
            12 => Inst::Lookup(ArrayId(0), self.pick(u, Type::I64, prologue)?),
            _ => self.unary(u, prologue)?,
        };
        let value = self.builder.push(inst);
        let ty = self.builder.type_of(value);
        self.pool[ty as usize].push(value);
        Ok(())
    }

    fn unary(&mut self, u: &mut Unstructured<'_>, prologue: bool) -> Result<Inst> {
        let (float, integer) = (*u.choose(self.floats)?, *u.choose(self.integers)?);
        Ok(match u.int_in_range(0..=7)? {
            6 if self.has(Type::F32) => Inst::Unary(Unary::Narrow, self.pick(u, Type::F64, prologue)?),
            7 if self.has(Type::F32) => Inst::Unary(Unary::Widen, self.pick(u, Type::F32, prologue)?),
            0 => Inst::Unary(Unary::ToFloat, self.pick(u, Type::I64, prologue)?),
            1 => Inst::Unary(Unary::FromBits, self.pick(u, integer, prologue)?),
            2 => Inst::Unary(*u.choose(&[Unary::FromBool, Unary::Not])?, self.pick(u, Type::Bool, prologue)?),
            3 => {
                // The bits of a NaN are nobody's promise.
                let value = self.pick(u, float, prologue)?;
                let number = self.builder.equal(value, value);
                let zero = self.builder.float_as(value, 0.0);
                let value = self.builder.select(number, value, zero);
                Inst::Unary(Unary::ToBits, value)
            }
            _ => {
                let op = *u.choose(&[
                    Unary::Negate,
                    Unary::Abs,
                    Unary::Sqrt,
                    Unary::Floor,
                    Unary::Ceil,
                    Unary::Trunc,
                    Unary::Nearest,
                    Unary::ToInteger,
                ])?;
                let float = if op == Unary::ToInteger { Type::F64 } else { float };
                Inst::Unary(op, self.pick(u, float, prologue)?)
            }
        })
    }

    /// An operand: something computed before, a constant, or something stored.
    fn pick(&mut self, u: &mut Unstructured<'_>, ty: Type, prologue: bool) -> Result<Value> {
        let known = &self.pool[ty as usize];
        if !known.is_empty() && u.ratio(3, 5)? {
            return Ok(*u.choose(known)?);
        }
        if u.ratio(1, 3)? {
            return Ok(match ty {
                Type::F64 => {
                    let value = float(u)?;
                    self.builder.float(value)
                }
                Type::F32 => {
                    let value = float32(u)?;
                    self.builder.push(Inst::Float32(value.to_bits()))
                }
                Type::I64 => {
                    let value = integer(u)?;
                    self.builder.int(value)
                }
                Type::I32 => {
                    let value = integer(u)?;
                    self.builder.push(Inst::Integer32(value as i32))
                }
                Type::Bool => {
                    let value = u.arbitrary()?;
                    self.builder.boolean(value)
                }
            });
        }
        if ty == Type::I64 && u.ratio(1, 3)? {
            return Ok(if prologue { self.builder.tick() } else { self.builder.index() });
        }
        let slots = if prologue { &self.storage.uniforms } else { &self.storage.columns };
        let free = |id| if prologue { !is_count(self.storage, id) } else { !is_list(self.storage, id) };
        let fitting: Vec<u32> =
            (0u32..).zip(slots).filter(|&(id, slot)| slot.ty == ty && free(id)).map(|(id, _)| id).collect();
        let id = *u.choose(&fitting)?;
        Ok(if prologue { self.builder.uniform(UniformId(id)) } else { self.builder.load(ColumnId(id)) })
    }
}
