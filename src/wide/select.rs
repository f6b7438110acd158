//! What each instruction is on vectors of numbers of 64 or 32 bits.
//!
//! Codes are those for 256 bits, which [`Vectors`] knows for 512 too; where AVX-512 has another way, it stands first.
//! Where a body has both, a number of 64 bits takes two registers, its *parts*; instructions between the two
//! sizes take a register apart or put two together.

use super::allocate::{Class, Entity};
use super::assembler::{Address, ELEMENT, FUSED_TICK, MEMORY, Operand, POOL, TICK};
use super::emit::Emitter;
use super::uses::through_negation;
use super::vectors::Vectors;
use crate::kernel::{Binary, Compare, Inst, Shift, Type, Unary, Value};
use iced_x86::{Code, Instruction, Register};

/// The rounding of `vroundpd`.
const NEAREST: u8 = 8;
const DOWN: u8 = 9;
const UP: u8 = 10;
const TO_ZERO: u8 = 11;

/// Predicates of `vcmppd`; none signals for a quiet NaN.
const ORDERED: u8 = 0x07;
const GREATER_EQUAL: u8 = 0x1d;

/// The sign of both halves of a word.
const SIGN_32: u64 = 0x8000_0000_8000_0000;

/// The lower halves of two words of each operand of `vshufps`.
const EVEN: u8 = 0x88;
/// Words 0, 2, 1 and 3.
const INTERLEAVED: u8 = 0xd8;

/// The predicate of a comparison of floats for `vcmppd`, or of integers for `vpcmpq`; if `turned` that of its second
/// operand with its first.
fn predicate(op: Compare, turned: bool, float: bool) -> u8 {
    let (of_floats, of_integers) = match (op, turned) {
        (Compare::Equal, _) => (0x00, 0),
        (Compare::NotEqual, _) => (0x04, 4),
        (Compare::Less, false) => (0x11, 1),
        (Compare::LessEqual, false) => (0x12, 2),
        // Not less or equal, and not less, which for floats are others.
        (Compare::Less, true) => (0x1e, 6),
        (Compare::LessEqual, true) => (GREATER_EQUAL, 5),
    };
    if float { of_floats } else { of_integers }
}

impl Emitter<'_> {
    /// Computes one part of a value.
    pub(super) fn instruction(&mut self, value: Value, copy: usize) {
        let inst = self.kernel.inst(value);
        let to = self.entity(value, copy);
        if self.is_narrow() && self.between_sizes(value, inst, to, copy) {
            self.registers.unlock();
            return;
        }
        let operands: Vec<Entity> = inst.operands().map(|operand| self.entity(operand, copy)).collect();
        match (inst, operands.as_slice()) {
            (Inst::Load(_), _) => {}
            _ if inst.is_constant() => {}
            (Inst::Tick, _) => self.broadcast_word(to, if self.is_fused() { FUSED_TICK } else { TICK }),
            (Inst::Index, _) => self.index(to, copy),
            (Inst::Uniform(id), _) => {
                let address = Address::new(MEMORY, i32::try_from(self.layout.uniform_offset(id)).unwrap_or(i32::MAX));
                self.uniform(to, address);
            }
            (Inst::SetUniform(id, _), &[a]) => {
                let address = Address::new(MEMORY, i32::try_from(self.layout.uniform_offset(id)).unwrap_or(i32::MAX));
                self.set_uniform(address, a);
            }
            (Inst::Unary(op, _), &[a]) => self.unary(op, to, a),
            (Inst::Binary(op, ..), &[a, b]) => self.binary(op, to, a, b),
            (Inst::Compare(op, ..), &[a, b]) => self.compare(op, to, a, b),
            (Inst::Shift(op, _, amount), &[a]) => self.shift(op, to, a, amount),
            (Inst::Fma(a, b, c), _) => {
                let ([a, b, c], [na, nb, nc]) = self.fma_operands(inst, [a, b, c], copy);
                self.fma(to, [a, b, c], na != nb, nc);
            }
            (Inst::Select(..), &[condition, a, b]) => self.select(to, condition, a, b),
            (Inst::Table(table, _), &[a]) => {
                let offset = self.pool.table(table);
                self.gather(to, a, Address::new(POOL, offset), table.0.len());
            }
            (Inst::Lookup(array, _), &[a]) => {
                let values = self.layout.storage().array_slot(array).values.clone();
                let address = values.as_ptr().addr() as u64;
                self.out.word(Instruction::with2(Code::Mov_r64_imm64, Register::RAX, address));
                self.gather(to, a, Address::new(Register::RAX, 0), values.len());
            }
            _ => panic!("bug: {inst:?} is not a core instruction"),
        }
        self.registers.unlock();
    }

    /// What takes registers apart or puts them together: whether `inst` is such an instruction.
    fn between_sizes(&mut self, value: Value, inst: Inst, to: Entity, part: usize) -> bool {
        let body = !self.kernel.is_uniform(value);
        match inst {
            Inst::Unary(Unary::Narrow, a) => self.narrow(to, a, body.then_some(part)),
            Inst::Unary(Unary::Widen, a) => self.widen(to, a, part, body),
            Inst::Unary(Unary::FromBool, a) if body => {
                let mask = self.mask_half(a, part);
                self.one_where(mask, to);
                self.release_half(a, part);
                self.finish(to);
            }
            Inst::Select(condition, a, b) if body && self.is_double(value) => {
                let mask = self.mask_half(condition, part);
                let (a, b) = (self.entity(a, part), self.entity(b, part));
                let otherwise = self.register(b);
                let chosen = self.operand(a);
                self.release_half(condition, part);
                self.release(&[a, b]);
                let register = self.define(to);
                self.blend(false, [register, otherwise, mask], chosen);
                self.finish(to);
            }
            Inst::Compare(op, a, b) if body && self.is_double(a) => self.compare_halves(op, to, [a, b], part),
            _ => return false,
        }
        true
    }

    /// A number of 64 bits as one of 32 bits: of both halves of a vector, or once for all lanes.
    fn narrow(&mut self, to: Entity, a: Value, part: Option<usize>) {
        let halves = match part {
            Some(part) => [0, 1].map(|half| self.entity(a, 2 * part + half)),
            None => [self.entity(a, 0); 2],
        };
        let low = self.operand(halves[0]);
        let register = self.take();
        self.out.put(Code::VEX_Vcvtpd2ps_xmm_ymmm256, &[Operand::Half(register), low]);
        let upper = if halves[0] == halves[1] {
            register
        } else {
            let high = self.operand(halves[1]);
            let upper = self.take();
            self.out.put(Code::VEX_Vcvtpd2ps_xmm_ymmm256, &[Operand::Half(upper), high]);
            upper
        };
        let insert = [Operand::Vector(register), Operand::Vector(register), Operand::Half(upper), Operand::Byte(1)];
        self.out.put(Code::VEX_Vinsertf128_ymm_ymm_xmmm128_imm8, &insert);
        self.release(&halves);
        self.registers.hold(register, to);
        self.finish(to);
    }

    /// Half of a vector of numbers of 32 bits as numbers of 64 bits.
    fn widen(&mut self, to: Entity, a: Value, part: usize, body: bool) {
        let entity = self.entity(a, part / 2);
        let upper = body && part % 2 == 1;
        let from = match self.operand(entity) {
            Operand::Memory(address) if upper => {
                let half = i32::try_from(self.vectors.bytes() / 2).unwrap_or(0);
                Operand::Memory(Address { displacement: address.displacement + half, ..address })
            }
            Operand::Vector(register) if upper => {
                let half = self.take();
                let extract = [Operand::Half(half), Operand::Vector(register), Operand::Byte(1)];
                self.out.put(Code::VEX_Vextractf128_xmmm128_ymm_imm8, &extract);
                Operand::Half(half)
            }
            Operand::Vector(register) => Operand::Half(register),
            other => other,
        };
        let register = self.define(to);
        self.out.put(Code::VEX_Vcvtps2pd_ymm_xmmm128, &[Operand::Vector(register), from]);
        if body {
            self.release_half(a, part);
        }
        self.finish(to);
    }

    /// The part of a mask that belongs to a part of numbers of 64 bits.
    fn mask_half(&mut self, mask: Value, part: usize) -> u8 {
        let entity = self.entity(mask, part / 2);
        let register = self.register(entity);
        if self.kernel.is_uniform(mask) || self.kernel.inst(mask).is_constant() {
            return register;
        }
        if self.vectors.has_masks() {
            // Where there are fewer lanes, upper bits are not looked at.
            if part.is_multiple_of(2) {
                return register;
            }
            let half = self.take_mask();
            self.immediate(Code::VEX_Kshiftrw_kr_kr_imm8, [half, register], 8);
            return half;
        }
        let half = self.take();
        let mut from = register;
        if part % 2 == 1 {
            let extract = [Operand::Half(half), Operand::Vector(register), Operand::Byte(1)];
            self.out.put(Code::VEX_Vextracti128_xmmm128_ymm_imm8, &extract);
            from = half;
        }
        self.out.put(Code::VEX_Vpmovsxdq_ymm_xmmm128, &[Operand::Vector(half), Operand::Half(from)]);
        half
    }

    /// Frees what was read for the second of two parts.
    fn release_half(&mut self, a: Value, part: usize) {
        if part % 2 == 1 {
            let entity = self.entity(a, part / 2);
            self.release(&[entity]);
        }
    }

    /// The masks of two parts, put together to one.
    fn compare_halves(&mut self, op: Compare, to: Entity, [a, b]: [Value; 2], part: usize) {
        let float = self.kernel.type_of(a) == Some(Type::F64);
        let mut read = vec![];
        let masks = [0, 1].map(|half| {
            let (a, b) = (self.entity(a, 2 * part + half), self.entity(b, 2 * part + half));
            read.extend([a, b]);
            let (x, y) = (self.register(a), self.register(b));
            if self.vectors.has_masks() {
                let mask = self.take_mask();
                let (code, predicate) = comparison(op, if float { Type::F64 } else { Type::I64 }, false);
                self.immediate(code, [mask, x, y], predicate);
                return mask;
            }
            let mask = self.take();
            match op {
                _ if float => {
                    self.immediate(Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8, [mask, x, y], predicate(op, false, true))
                }
                Compare::Equal | Compare::NotEqual => self.put(Code::VEX_Vpcmpeqq_ymm_ymm_ymmm256, [mask, x, y]),
                Compare::Less => self.put(Code::VEX_Vpcmpgtq_ymm_ymm_ymmm256, [mask, y, x]),
                Compare::LessEqual => self.put(Code::VEX_Vpcmpgtq_ymm_ymm_ymmm256, [mask, x, y]),
            }
            mask
        });
        self.release(&read);
        let register = self.define(to);
        if self.vectors.has_masks() {
            self.put(Code::VEX_Kunpckbw_kr_kr_kr, [register, masks[1], masks[0]]);
            self.finish(to);
            return;
        }
        self.immediate(Code::VEX_Vshufps_ymm_ymm_ymmm256_imm8, [register, masks[0], masks[1]], EVEN);
        self.immediate(Code::VEX_Vpermq_ymm_ymmm256_imm8, [register, register], INTERLEAVED);
        if !float && matches!(op, Compare::NotEqual | Compare::LessEqual) {
            let ones = self.constant(u64::MAX);
            self.memory(Code::VEX_Vpxor_ymm_ymm_ymmm256, register, register, ones);
        }
        self.finish(to);
    }

    fn fma_operands(&self, inst: Inst, operands: [Value; 3], copy: usize) -> ([Entity; 3], [bool; 3]) {
        let through = operands.map(|operand| through_negation(self.kernel, inst, operand, &self.needed));
        (through.map(|(value, _)| self.entity(value, copy)), through.map(|(_, negated)| negated))
    }

    /// `to = code(a, b)`, where `b` may be in memory; `swaps` says that `code(b, a)` is the same.
    fn two(&mut self, code: Code, to: Entity, a: Entity, b: Entity, swaps: bool, predicate: Option<u8>) {
        let in_register = |emitter: &Self, entity| emitter.registers.of(entity).is_some();
        let (a, b) = if swaps && !in_register(self, a) && in_register(self, b) { (b, a) } else { (a, b) };
        let first = self.register(a);
        let second = self.operand(b);
        self.release(&[a, b]);
        let register = self.define(to);
        let mut operands = vec![Operand::Vector(register), Operand::Vector(first), second];
        operands.extend(predicate.map(Operand::Byte));
        self.out.put(code, &operands);
        self.finish(to);
    }

    /// `to = code(a)`, where `a` may be in memory.
    fn one(&mut self, code: Code, to: Entity, a: Entity, immediate: Option<u8>) {
        let operand = self.operand(a);
        self.release(&[a]);
        let register = self.define(to);
        let mut operands = vec![Operand::Vector(register), operand];
        operands.extend(immediate.map(Operand::Byte));
        self.out.put(code, &operands);
        self.finish(to);
    }

    /// `to = code(a, constant)`.
    fn with_constant(&mut self, code: Code, to: Entity, a: Entity, word: u64) {
        let first = self.register(a);
        let constant = self.constant(word);
        self.release(&[a]);
        let register = self.define(to);
        self.out.put(code, &[Operand::Vector(register), Operand::Vector(first), constant]);
        self.finish(to);
    }

    /// Frees the register of a result that nobody needs.
    fn finish(&mut self, to: Entity) {
        self.release(&[to]);
    }

    /// An instruction on registers only.
    fn put<const N: usize>(&mut self, code: Code, registers: [u8; N]) {
        self.out.put(code, &registers.map(Operand::Vector));
    }

    fn immediate<const N: usize>(&mut self, code: Code, registers: [u8; N], byte: u8) {
        let mut operands: Vec<Operand> = registers.into_iter().map(Operand::Vector).collect();
        operands.push(Operand::Byte(byte));
        self.out.put(code, &operands);
    }

    fn memory(&mut self, code: Code, to: u8, a: u8, b: Operand) {
        self.out.put(code, &[Operand::Vector(to), Operand::Vector(a), b]);
    }

    /// `to = mask ? chosen : otherwise`.
    fn blend(&mut self, single: bool, [to, otherwise, mask]: [u8; 3], chosen: Operand) {
        let operands = [Operand::Vector(to), Operand::Vector(otherwise), chosen];
        if self.vectors.has_masks() {
            let code = if single {
                Code::EVEX_Vblendmps_zmm_k1z_zmm_zmmm512b32
            } else {
                Code::EVEX_Vblendmpd_zmm_k1z_zmm_zmmm512b64
            };
            return self.out.put_masked(code, mask, false, &operands);
        }
        let code =
            if single { Code::VEX_Vblendvps_ymm_ymm_ymmm256_ymm } else { Code::VEX_Vblendvpd_ymm_ymm_ymmm256_ymm };
        let [to, otherwise, chosen] = operands;
        self.out.put(code, &[to, otherwise, chosen, Operand::Vector(mask)]);
    }

    /// An integer of 64 bits, 1 where the mask holds and 0 elsewhere.
    fn one_where(&mut self, mask: u8, to: Entity) {
        let register = self.define(to);
        match self.constant(1) {
            Operand::Broadcast(address) => {
                let operands = [Operand::Vector(register), Operand::Memory(address)];
                self.out.put_masked(Code::VEX_Vpbroadcastq_ymm_xmmm64, mask, true, &operands);
            }
            one => self.memory(Code::VEX_Vpand_ymm_ymm_ymmm256, register, mask, one),
        }
    }

    fn broadcast_word(&mut self, to: Entity, word: Register) {
        let register = self.define(to);
        self.repeat_word(register, word);
        self.finish(to);
    }

    /// A word of the machine in each lane.
    fn repeat_word(&mut self, register: u8, word: Register) {
        self.out.put(Code::VEX_Vmovq_xmm_rm64, &[Operand::Lowest(register), Operand::Word(word)]);
        self.out.put(Code::VEX_Vpbroadcastq_ymm_xmmm64, &[Operand::Vector(register), Operand::Lowest(register)]);
    }

    fn index(&mut self, to: Entity, copy: usize) {
        let words = self.vectors.words();
        let offsets: Vec<u64> = (copy * words..(copy + 1) * words).map(|offset| offset as u64).collect();
        let offsets = Operand::Memory(Address::new(POOL, self.pool.lines(offsets)));
        let register = self.define(to);
        self.repeat_word(register, ELEMENT);
        self.memory(Code::VEX_Vpaddq_ymm_ymm_ymmm256, register, register, offsets);
        self.finish(to);
    }

    /// A word in each lane; a truth value, which is 0 or 1 there, becomes a mask.
    fn uniform(&mut self, to: Entity, address: Address) {
        let register = self.define(to);
        if self.class(to) == Class::Mask {
            self.out.put(Code::Mov_r64_rm64, &[Operand::Word(Register::RAX), Operand::Memory(address)]);
            self.out.word(Instruction::with1(Code::Neg_rm64, Register::RAX));
            self.out.put(Code::VEX_Kmovw_kr_r32, &[Operand::Vector(register), Operand::Word(Register::EAX)]);
            return self.finish(to);
        }
        let code = if self.is_single(to) { Code::VEX_Vbroadcastss_ymm_m32 } else { Code::VEX_Vpbroadcastq_ymm_xmmm64 };
        self.out.put(code, &[Operand::Vector(register), Operand::Memory(address)]);
        if self.type_of(to) == Some(Type::Bool) {
            let one = self.constant(1);
            self.memory(Code::VEX_Vpcmpeqq_ymm_ymm_ymmm256, register, register, one);
        }
        self.finish(to);
    }

    fn set_uniform(&mut self, address: Address, a: Entity) {
        let mut register = self.register(a);
        let is_mask = self.class(a) == Class::Mask;
        if is_mask || self.is_single(a) {
            if is_mask {
                self.out.put(Code::VEX_Kmovw_r32_kr, &[Operand::Word(Register::EAX), Operand::Vector(register)]);
                self.out.word(Instruction::with2(Code::And_rm32_imm8, Register::EAX, 1));
            } else {
                self.out.put(Code::VEX_Vmovd_rm32_xmm, &[Operand::Word(Register::EAX), Operand::Lowest(register)]);
            }
            self.out.put(Code::Mov_rm64_r64, &[Operand::Memory(address), Operand::Word(Register::RAX)]);
            self.release(&[a]);
            return;
        }
        if self.type_of(a) == Some(Type::Bool) {
            let one = self.constant(1);
            let bit = self.take();
            self.memory(Code::VEX_Vpand_ymm_ymm_ymmm256, bit, register, one);
            register = bit;
        }
        self.out.put(Code::VEX_Vmovlpd_m64_xmm, &[Operand::Memory(address), Operand::Lowest(register)]);
        self.release(&[a]);
    }

    /// Whether it is a number of 32 bits.
    fn is_single(&self, entity: Entity) -> bool {
        matches!(self.type_of(entity), Some(Type::F32 | Type::I32))
    }

    fn unary(&mut self, op: Unary, to: Entity, a: Entity) {
        let single = self.is_single(a);
        let (sign, rest) = if single { (SIGN_32, !SIGN_32) } else { (1 << 63, !(1 << 63)) };
        let round = if single { Code::VEX_Vroundps_ymm_ymmm256_imm8 } else { Code::VEX_Vroundpd_ymm_ymmm256_imm8 };
        match op {
            Unary::Negate => self.with_constant(Code::VEX_Vxorpd_ymm_ymm_ymmm256, to, a, sign),
            Unary::Abs => self.with_constant(Code::VEX_Vandpd_ymm_ymm_ymmm256, to, a, rest),
            Unary::Sqrt if single => self.one(Code::VEX_Vsqrtps_ymm_ymmm256, to, a, None),
            Unary::Sqrt => self.one(Code::VEX_Vsqrtpd_ymm_ymmm256, to, a, None),
            Unary::Floor => self.one(round, to, a, Some(DOWN)),
            Unary::Ceil => self.one(round, to, a, Some(UP)),
            Unary::Trunc => self.one(round, to, a, Some(TO_ZERO)),
            Unary::Nearest => self.one(round, to, a, Some(NEAREST)),
            Unary::ToFloat => self.float_of(to, a),
            Unary::ToInteger => self.integer_of(to, a),
            Unary::FromBool => {
                let mask = self.register(a);
                self.release(&[a]);
                self.one_where(mask, to);
                self.finish(to);
            }
            Unary::ToBits | Unary::FromBits => {
                if self.rename(a, to).is_none() {
                    let from = self.operand(a);
                    self.release(&[a]);
                    let register = self.define(to);
                    self.load(register, from);
                    self.finish(to);
                }
            }
            Unary::Not if self.class(a) == Class::Mask => self.one(Code::VEX_Knotw_kr_kr, to, a, None),
            Unary::Not => self.with_constant(Code::VEX_Vpxor_ymm_ymm_ymmm256, to, a, u64::MAX),
            Unary::Narrow => self.narrow(to, a.value, None),
            Unary::Widen => self.widen(to, a.value, 0, false),
        }
    }

    /// The upper 16 bits as a float above 3·2^67 and the lower 48 as one above 2^52: what is above is
    /// taken off without rounding, so that the sum is rounded once.
    fn float_of(&mut self, to: Entity, a: Entity) {
        if self.vectors == Vectors::Bits512 {
            return self.one(Code::EVEX_Vcvtqq2pd_zmm_k1z_zmmm512b64_er, to, a, None);
        }
        let x = self.register(a);
        let [high, low] = [self.take(), self.take()];
        let above = self.constant(442_721_857_769_029_238_784_f64.to_bits());
        let both = self.constant(442_726_361_368_656_609_280_f64.to_bits());
        let small = self.constant(4_503_599_627_370_496_f64.to_bits());
        self.immediate(Code::VEX_Vpsrad_ymm_ymm_imm8, [high, x], 16);
        self.put(Code::VEX_Vpxor_ymm_ymm_ymmm256, [low; 3]);
        self.immediate(Code::VEX_Vpblendw_ymm_ymm_ymmm256_imm8, [high, high, low], 0x33);
        self.memory(Code::VEX_Vpaddq_ymm_ymm_ymmm256, high, high, above);
        let operands = [Operand::Vector(low), Operand::Vector(x), small, Operand::Byte(0x88)];
        self.out.put(Code::VEX_Vpblendw_ymm_ymm_ymmm256_imm8, &operands);
        self.memory(Code::VEX_Vsubpd_ymm_ymm_ymmm256, high, high, both);
        let register = self.define(to);
        self.put(Code::VEX_Vaddpd_ymm_ymm_ymmm256, [register, high, low]);
        self.release(&[a]);
        self.finish(to);
    }

    /// One lane after the other, then what is out of range.
    fn integer_of(&mut self, to: Entity, a: Entity) {
        if self.vectors == Vectors::Bits512 {
            return self.integer_of_all(to, a);
        }
        let x = self.register(a);
        let [lanes, upper, spare] = [self.take(), self.take(), self.take()];
        for (half, result) in [(0, lanes), (1, upper)] {
            let from = if half == 0 { x } else { spare };
            if half == 1 {
                let operands = [Operand::Lowest(spare), Operand::Vector(x), Operand::Byte(1)];
                self.out.put(Code::VEX_Vextractf128_xmmm128_ymm_imm8, &operands);
            }
            self.out.put(Code::VEX_Vcvttsd2si_r64_xmmm64, &[Operand::Word(Register::RAX), Operand::Lowest(from)]);
            self.out.put(Code::VEX_Vmovq_xmm_rm64, &[Operand::Lowest(result), Operand::Word(Register::RAX)]);
            let second = [Operand::Lowest(spare), Operand::Lowest(from), Operand::Byte(1)];
            self.out.put(Code::VEX_Vpermilpd_xmm_xmmm128_imm8, &second);
            self.out.put(Code::VEX_Vcvttsd2si_r64_xmmm64, &[Operand::Word(Register::RAX), Operand::Lowest(spare)]);
            let insert =
                [Operand::Lowest(result), Operand::Lowest(result), Operand::Word(Register::RAX), Operand::Byte(1)];
            self.out.put(Code::VEX_Vpinsrq_xmm_xmm_rm64_imm8, &insert);
        }
        let insert = [Operand::Vector(lanes), Operand::Vector(lanes), Operand::Half(upper), Operand::Byte(1)];
        self.out.put(Code::VEX_Vinsertf128_ymm_ymm_xmmm128_imm8, &insert);
        let beyond = self.constant(9_223_372_036_854_775_808_f64.to_bits());
        let most = self.constant(i64::MAX.cast_unsigned());
        let compare = [Operand::Vector(upper), Operand::Vector(x), beyond, Operand::Byte(GREATER_EQUAL)];
        self.out.put(Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8, &compare);
        self.blend(false, [lanes, lanes, upper], most);
        self.immediate(Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8, [upper, x, x], ORDERED);
        let register = self.define(to);
        self.put(Code::VEX_Vandpd_ymm_ymm_ymmm256, [register, lanes, upper]);
        self.release(&[a]);
        self.finish(to);
    }

    /// The instruction saturates only downwards, and gives that for what is no number too.
    fn integer_of_all(&mut self, to: Entity, a: Entity) {
        let x = self.register(a);
        let (number, mask) = (self.take(), self.take_mask());
        let beyond = self.constant(9_223_372_036_854_775_808_f64.to_bits());
        let most = self.constant(i64::MAX.cast_unsigned());
        self.put(Code::EVEX_Vcvttpd2qq_zmm_k1z_zmmm512b64_sae, [number, x]);
        let compare = [Operand::Vector(mask), Operand::Vector(x), beyond, Operand::Byte(GREATER_EQUAL)];
        self.out.put(Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8, &compare);
        self.blend(false, [number, number, mask], most);
        self.immediate(Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8, [mask, x, x], ORDERED);
        let register = self.define(to);
        let operands = [register, number].map(Operand::Vector);
        self.out.put_masked(Code::VEX_Vmovapd_ymm_ymmm256, mask, true, &operands);
        self.release(&[a]);
        self.finish(to);
    }

    fn binary(&mut self, op: Binary, to: Entity, a: Entity, b: Entity) {
        if self.class(to) == Class::Mask {
            let code = match op {
                Binary::And => Code::VEX_Kandw_kr_kr_kr,
                Binary::Or => Code::VEX_Korw_kr_kr_kr,
                Binary::Xor => Code::VEX_Kxorw_kr_kr_kr,
                _ => panic!("bug: {op:?} of truth values in {}", self.kernel.name),
            };
            return self.two(code, to, a, b, true, None);
        }
        if self.is_single(a) {
            return self.single_binary(op, to, a, b);
        }
        let (code, swaps) = match op {
            Binary::Add => (Code::VEX_Vaddpd_ymm_ymm_ymmm256, true),
            Binary::Subtract => (Code::VEX_Vsubpd_ymm_ymm_ymmm256, false),
            Binary::Multiply => (Code::VEX_Vmulpd_ymm_ymm_ymmm256, true),
            Binary::Divide => (Code::VEX_Vdivpd_ymm_ymm_ymmm256, false),
            // Both give their second operand where the comparison is false, as the kernel's do.
            Binary::Min => (Code::VEX_Vminpd_ymm_ymm_ymmm256, false),
            Binary::Max => (Code::VEX_Vmaxpd_ymm_ymm_ymmm256, false),
            Binary::IntAdd => (Code::VEX_Vpaddq_ymm_ymm_ymmm256, true),
            Binary::IntSubtract => (Code::VEX_Vpsubq_ymm_ymm_ymmm256, false),
            Binary::IntMultiply => return self.int_multiply(to, a, b),
            Binary::IntFloorDivide | Binary::IntRemainder => {
                panic!("bug: {op:?} is not taken, but {} was", self.kernel.name)
            }
            Binary::IntAnd | Binary::And => (Code::VEX_Vpand_ymm_ymm_ymmm256, true),
            Binary::IntOr | Binary::Or => (Code::VEX_Vpor_ymm_ymm_ymmm256, true),
            Binary::IntXor | Binary::Xor => (Code::VEX_Vpxor_ymm_ymm_ymmm256, true),
        };
        self.two(code, to, a, b, swaps, None);
    }

    fn single_binary(&mut self, op: Binary, to: Entity, a: Entity, b: Entity) {
        let (code, swaps) = match op {
            Binary::Add => (Code::VEX_Vaddps_ymm_ymm_ymmm256, true),
            Binary::Subtract => (Code::VEX_Vsubps_ymm_ymm_ymmm256, false),
            Binary::Multiply => (Code::VEX_Vmulps_ymm_ymm_ymmm256, true),
            Binary::Divide => (Code::VEX_Vdivps_ymm_ymm_ymmm256, false),
            Binary::Min => (Code::VEX_Vminps_ymm_ymm_ymmm256, false),
            Binary::Max => (Code::VEX_Vmaxps_ymm_ymm_ymmm256, false),
            Binary::IntAdd => (Code::VEX_Vpaddd_ymm_ymm_ymmm256, true),
            Binary::IntSubtract => (Code::VEX_Vpsubd_ymm_ymm_ymmm256, false),
            Binary::IntMultiply => (Code::VEX_Vpmulld_ymm_ymm_ymmm256, true),
            Binary::IntAnd => (Code::VEX_Vpand_ymm_ymm_ymmm256, true),
            Binary::IntOr => (Code::VEX_Vpor_ymm_ymm_ymmm256, true),
            Binary::IntXor => (Code::VEX_Vpxor_ymm_ymm_ymmm256, true),
            Binary::IntFloorDivide | Binary::IntRemainder | Binary::And | Binary::Or | Binary::Xor => {
                panic!("bug: {op:?} of 32 bits in {}", self.kernel.name)
            }
        };
        self.two(code, to, a, b, swaps, None);
    }

    /// The lower halves' product, and the mixed products above it.
    fn int_multiply(&mut self, to: Entity, a: Entity, b: Entity) {
        if self.vectors == Vectors::Bits512 {
            return self.two(Code::EVEX_Vpmullq_zmm_k1z_zmm_zmmm512b64, to, a, b, true, None);
        }
        let (x, y) = (self.register(a), self.register(b));
        let [mixed, other] = [self.take(), self.take()];
        self.immediate(Code::VEX_Vpsrlq_ymm_ymm_imm8, [mixed, x], 32);
        self.put(Code::VEX_Vpmuludq_ymm_ymm_ymmm256, [mixed, mixed, y]);
        self.immediate(Code::VEX_Vpsrlq_ymm_ymm_imm8, [other, y], 32);
        self.put(Code::VEX_Vpmuludq_ymm_ymm_ymmm256, [other, other, x]);
        self.put(Code::VEX_Vpaddq_ymm_ymm_ymmm256, [mixed, mixed, other]);
        self.immediate(Code::VEX_Vpsllq_ymm_ymm_imm8, [mixed, mixed], 32);
        self.put(Code::VEX_Vpmuludq_ymm_ymm_ymmm256, [other, x, y]);
        let register = self.define(to);
        self.put(Code::VEX_Vpaddq_ymm_ymm_ymmm256, [register, mixed, other]);
        self.release(&[a, b]);
        self.finish(to);
    }

    fn compare(&mut self, op: Compare, to: Entity, a: Entity, b: Entity) {
        let ty = self.type_of(a).unwrap_or(Type::F64);
        if self.vectors.has_masks() || ty.is_float() {
            // What is in a register stands first.
            let turned = self.registers.of(a).is_none() && self.registers.of(b).is_some();
            let (a, b) = if turned { (b, a) } else { (a, b) };
            let (code, predicate) = comparison(op, ty, turned);
            self.two(code, to, a, b, false, Some(predicate));
            // Words that are the same for all elements, where vectors have more lanes than words.
            let words = matches!(ty, Type::F64 | Type::I64);
            if self.vectors.has_masks()
                && self.is_narrow()
                && words
                && let Some(mask) = self.registers.of(to)
            {
                self.put(Code::VEX_Kunpckbw_kr_kr_kr, [mask; 3]);
            }
            return;
        }
        let (equal, greater) = if self.is_single(a) {
            (Code::VEX_Vpcmpeqd_ymm_ymm_ymmm256, Code::VEX_Vpcmpgtd_ymm_ymm_ymmm256)
        } else {
            (Code::VEX_Vpcmpeqq_ymm_ymm_ymmm256, Code::VEX_Vpcmpgtq_ymm_ymm_ymmm256)
        };
        match op {
            Compare::Equal => self.two(equal, to, a, b, true, None),
            Compare::Less => self.two(greater, to, b, a, false, None),
            Compare::NotEqual => self.not(equal, to, a, b),
            Compare::LessEqual => self.not(greater, to, a, b),
        }
    }

    /// Where `code(a, b)` does not hold.
    fn not(&mut self, code: Code, to: Entity, a: Entity, b: Entity) {
        let first = self.register(a);
        let second = self.operand(b);
        let ones = self.constant(u64::MAX);
        let register = self.define(to);
        self.out.put(code, &[Operand::Vector(register), Operand::Vector(first), second]);
        self.memory(Code::VEX_Vpxor_ymm_ymm_ymmm256, register, register, ones);
        self.release(&[a, b]);
        self.finish(to);
    }

    fn shift(&mut self, op: Shift, to: Entity, a: Entity, amount: u8) {
        let x = self.register(a);
        let single = self.is_single(a);
        let has_signed = self.vectors == Vectors::Bits512;
        let code = match op {
            Shift::RightSigned if has_signed && !single => Code::EVEX_Vpsraq_zmm_k1z_zmmm512b64_imm8,
            Shift::Left if single => Code::VEX_Vpslld_ymm_ymm_imm8,
            Shift::Right if single => Code::VEX_Vpsrld_ymm_ymm_imm8,
            Shift::RightSigned if single => Code::VEX_Vpsrad_ymm_ymm_imm8,
            Shift::Left => Code::VEX_Vpsllq_ymm_ymm_imm8,
            Shift::Right | Shift::RightSigned => Code::VEX_Vpsrlq_ymm_ymm_imm8,
        };
        self.release(&[a]);
        let register = self.define(to);
        self.immediate(code, [register, x], amount);
        if op == Shift::RightSigned && amount > 0 && !single && !has_signed {
            // The sign moved to where it is now, flipped there and taken off: ones follow it upwards.
            let sign = self.constant(1 << (63 - amount));
            self.memory(Code::VEX_Vpxor_ymm_ymm_ymmm256, register, register, sign);
            self.memory(Code::VEX_Vpsubq_ymm_ymm_ymmm256, register, register, sign);
        }
        self.finish(to);
    }

    fn select(&mut self, to: Entity, condition: Entity, a: Entity, b: Entity) {
        let mask = self.register(condition);
        let otherwise = self.register(b);
        if self.class(to) == Class::Mask {
            let chosen = self.register(a);
            let part = self.take_mask();
            self.put(Code::VEX_Kandnw_kr_kr_kr, [part, mask, otherwise]);
            let register = self.define(to);
            self.put(Code::VEX_Kandw_kr_kr_kr, [register, mask, chosen]);
            self.put(Code::VEX_Korw_kr_kr_kr, [register, register, part]);
            self.release(&[condition, a, b]);
            return self.finish(to);
        }
        let chosen = self.operand(a);
        self.release(&[condition, a, b]);
        let register = self.define(to);
        let words = matches!(self.type_of(to), Some(Type::F64 | Type::I64));
        self.blend(self.is_narrow() && !words, [register, otherwise, mask], chosen);
        self.finish(to);
    }

    /// One of `count` words from an address on in each lane; an index outside is clamped.
    fn gather(&mut self, to: Entity, index: Entity, mut address: Address, count: usize) {
        let x = self.register(index);
        let last = self.constant(count.saturating_sub(1) as u64);
        if self.vectors == Vectors::Bits512 {
            let (clamped, mask) = (self.take_of(Class::Index), self.take_mask());
            let zero = self.constant(0);
            self.memory(Code::EVEX_Vpmaxsq_zmm_k1z_zmm_zmmm512b64, clamped, x, zero);
            self.memory(Code::EVEX_Vpminsq_zmm_k1z_zmm_zmmm512b64, clamped, clamped, last);
            self.put(Code::VEX_Kxnorw_kr_kr_kr, [mask; 3]);
            address.index = Some((self.vectors.register(clamped), 8));
            let register = self.define(to);
            let operands = [Operand::Vector(register), Operand::Memory(address)];
            self.out.put_masked(Code::EVEX_Vgatherqpd_zmm_k1_vm64z, mask, false, &operands);
            self.release(&[index]);
            return self.finish(to);
        }
        let [clamped, mask] = [self.take(), self.take()];
        self.put(Code::VEX_Vpxor_ymm_ymm_ymmm256, [mask; 3]);
        self.put(Code::VEX_Vpcmpgtq_ymm_ymm_ymmm256, [mask, mask, x]);
        self.put(Code::VEX_Vpandn_ymm_ymm_ymmm256, [clamped, mask, x]);
        self.memory(Code::VEX_Vpcmpgtq_ymm_ymm_ymmm256, mask, clamped, last);
        self.blend(false, [clamped, clamped, mask], last);
        self.put(Code::VEX_Vpcmpeqq_ymm_ymm_ymmm256, [mask; 3]);
        address.index = Some((self.vectors.register(clamped), 8));
        let register = self.define(to);
        self.put(Code::VEX_Vpxor_ymm_ymm_ymmm256, [register; 3]);
        let operands = [Operand::Vector(register), Operand::Memory(address), Operand::Vector(mask)];
        self.out.put(Code::VEX_Vgatherqpd_ymm_vm64y_ymm, &operands);
        self.release(&[index]);
        self.finish(to);
    }

    /// `±a*b ± c` into the register of an operand that dies, or a new one.
    fn fma(&mut self, to: Entity, [a, b, c]: [Entity; 3], negate_product: bool, negate_c: bool) {
        let here = |emitter: &Self, entity| emitter.registers.of(entity).is_some();
        let free = |emitter: &Self, entity| here(emitter, entity) && emitter.dies(entity);
        // What becomes the result: `c`, or else a factor, which then is the first.
        let to_sum =
            free(self, c) || (!free(self, a) && !free(self, b) && (!here(self, c) || here(self, a) && here(self, b)));
        let (a, b) = match to_sum {
            true if !here(self, a) && here(self, b) => (b, a),
            false if !free(self, a) && (free(self, b) || (here(self, a) && !here(self, b))) => (b, a),
            _ => (a, b),
        };
        let base = if to_sum { c } else { a };
        let overwrites = free(self, base);
        let mut held = overwrites.then(|| self.register(base));
        let (form, second, third) = if to_sum {
            let second = self.register(a);
            (Form::Sum, second, self.operand(b))
        } else if here(self, b) || !here(self, c) {
            let second = self.register(b);
            (Form::Product, second, self.operand(c))
        } else {
            let second = self.register(c);
            (Form::Outer, second, self.operand(b))
        };
        let register = match held.take() {
            Some(register) => register,
            None => {
                let copy = self.registers.of(base).map(Operand::Vector);
                let register = self.take();
                match copy {
                    Some(from) => self.load(register, from),
                    None => self.fetch(register, base, self.registers.home(base)),
                }
                register
            }
        };
        let code = form.code(negate_product, negate_c, self.is_single(to));
        self.out.put(code, &[Operand::Vector(register), Operand::Vector(second), third]);
        if overwrites {
            self.rename(base, to);
        } else {
            self.registers.hold(register, to);
        }
        self.release(&[a, b, c]);
        self.finish(to);
    }
}

/// The instruction of a comparison and its predicate; integers are compared like that into masks only.
fn comparison(op: Compare, ty: Type, turned: bool) -> (Code, u8) {
    let code = match ty {
        Type::F64 => Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8,
        Type::F32 => Code::VEX_Vcmpps_ymm_ymm_ymmm256_imm8,
        Type::I32 => Code::EVEX_Vpcmpd_kr_k1_zmm_zmmm512b32_imm8,
        Type::I64 | Type::Bool => Code::EVEX_Vpcmpq_kr_k1_zmm_zmmm512b64_imm8,
    };
    (code, predicate(op, turned, ty.is_float()))
}

/// Which operand the result overwrites, `x`.
#[derive(Clone, Copy)]
enum Form {
    /// `y*z + x`
    Sum,
    /// `y*x + z`
    Product,
    /// `x*z + y`
    Outer,
}

impl Form {
    fn code(self, negate_product: bool, negate_sum: bool, single: bool) -> Code {
        match (self, negate_product, negate_sum, single) {
            (Form::Sum, false, false, false) => Code::VEX_Vfmadd231pd_ymm_ymm_ymmm256,
            (Form::Sum, false, false, true) => Code::VEX_Vfmadd231ps_ymm_ymm_ymmm256,
            (Form::Sum, false, true, false) => Code::VEX_Vfmsub231pd_ymm_ymm_ymmm256,
            (Form::Sum, false, true, true) => Code::VEX_Vfmsub231ps_ymm_ymm_ymmm256,
            (Form::Sum, true, false, false) => Code::VEX_Vfnmadd231pd_ymm_ymm_ymmm256,
            (Form::Sum, true, false, true) => Code::VEX_Vfnmadd231ps_ymm_ymm_ymmm256,
            (Form::Sum, true, true, false) => Code::VEX_Vfnmsub231pd_ymm_ymm_ymmm256,
            (Form::Sum, true, true, true) => Code::VEX_Vfnmsub231ps_ymm_ymm_ymmm256,
            (Form::Product, false, false, false) => Code::VEX_Vfmadd213pd_ymm_ymm_ymmm256,
            (Form::Product, false, false, true) => Code::VEX_Vfmadd213ps_ymm_ymm_ymmm256,
            (Form::Product, false, true, false) => Code::VEX_Vfmsub213pd_ymm_ymm_ymmm256,
            (Form::Product, false, true, true) => Code::VEX_Vfmsub213ps_ymm_ymm_ymmm256,
            (Form::Product, true, false, false) => Code::VEX_Vfnmadd213pd_ymm_ymm_ymmm256,
            (Form::Product, true, false, true) => Code::VEX_Vfnmadd213ps_ymm_ymm_ymmm256,
            (Form::Product, true, true, false) => Code::VEX_Vfnmsub213pd_ymm_ymm_ymmm256,
            (Form::Product, true, true, true) => Code::VEX_Vfnmsub213ps_ymm_ymm_ymmm256,
            (Form::Outer, false, false, false) => Code::VEX_Vfmadd132pd_ymm_ymm_ymmm256,
            (Form::Outer, false, false, true) => Code::VEX_Vfmadd132ps_ymm_ymm_ymmm256,
            (Form::Outer, false, true, false) => Code::VEX_Vfmsub132pd_ymm_ymm_ymmm256,
            (Form::Outer, false, true, true) => Code::VEX_Vfmsub132ps_ymm_ymm_ymmm256,
            (Form::Outer, true, false, false) => Code::VEX_Vfnmadd132pd_ymm_ymm_ymmm256,
            (Form::Outer, true, false, true) => Code::VEX_Vfnmadd132ps_ymm_ymm_ymmm256,
            (Form::Outer, true, true, false) => Code::VEX_Vfnmsub132pd_ymm_ymm_ymmm256,
            (Form::Outer, true, true, true) => Code::VEX_Vfnmsub132ps_ymm_ymm_ymmm256,
        }
    }
}
