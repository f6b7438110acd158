//! Instructions in the order of execution, with labels, as bytes and as text.

use super::vectors::Vectors;
use crate::codegen::Pool;
use crate::kernel::abi::{ColumnId, Layout, UniformId};
use iced_x86::{
    BlockEncoder, BlockEncoderOptions, Code, Formatter, Instruction, InstructionBlock, IntelFormatter, OpKind, Register,
};
use std::fmt::Write;

/// The memory of the group.
pub(super) const MEMORY: Register = Register::RDI;
/// The constants.
pub(super) const POOL: Register = Register::RSI;
/// The tick that is computed.
pub(super) const TICK: Register = Register::RDX;
/// The tick at which to stop.
pub(super) const LAST_TICK: Register = Register::RCX;
/// Memory plus the byte offset of the first element in columns of words.
pub(super) const FIRST: Register = Register::R8;
/// The same of the last.
pub(super) const LAST: Register = Register::R9;
/// The same of the first element of this turn.
pub(super) const WORDS: Register = Register::R10;
/// The number of the first element of this turn.
pub(super) const ELEMENT: Register = Register::R11;
/// The tick that is computed, where [`TICK`] stays the first of several.
pub(super) const FUSED_TICK: Register = Register::R14;

/// Where something lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) base: Register,
    pub(super) index: Option<(Register, u32)>,
    pub(super) displacement: i32,
}

impl Address {
    pub(super) fn new(base: Register, displacement: i32) -> Self {
        Address { base, index: None, displacement }
    }

    pub(super) fn indexed(self, register: Register, scale: u32) -> Self {
        Address { index: Some((register, scale)), ..self }
    }
}

/// One operand of an instruction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    /// A register of vectors or masks.
    Vector(u8),
    /// The lower half of a vector register.
    Half(u8),
    /// The lowest 128 bits of a vector register.
    Lowest(u8),
    /// A register of single numbers.
    Word(Register),
    Memory(Address),
    /// One number in memory, for all lanes.
    Broadcast(Address),
    Byte(u8),
}

/// A place that branches go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(u64);

/// What has been emitted so far.
pub(super) struct Assembler {
    vectors: Vectors,
    instructions: Vec<Instruction>,
    /// What is seldom done; it stands behind everything.
    apart: Vec<Instruction>,
    is_apart: bool,
    labels: u64,
    pending: Option<Label>,
    /// The most bytes of the frame that anything used.
    pub(super) frame: i32,
}

impl Assembler {
    pub(super) fn new(vectors: Vectors) -> Self {
        Assembler { vectors, instructions: vec![], apart: vec![], is_apart: false, labels: 0, pending: None, frame: 0 }
    }

    pub(super) fn push(&mut self, mut instruction: Instruction) {
        if let Some(Label(label)) = self.pending.take() {
            instruction.set_ip(label);
        }
        if self.is_apart { &mut self.apart } else { &mut self.instructions }.push(instruction);
    }

    /// An instruction on vectors, by its code for 256 bits.
    pub(super) fn put(&mut self, code: Code, operands: &[Operand]) {
        let instruction = self.instruction(code, operands);
        self.push(instruction);
    }

    /// An instruction on the lanes that a mask has: others of the result stay, or are zero.
    pub(super) fn put_masked(&mut self, code: Code, mask: u8, zero: bool, operands: &[Operand]) {
        let mut instruction = self.instruction(code, operands);
        instruction.set_op_mask(self.vectors.register(mask));
        instruction.set_zeroing_masking(zero);
        self.push(instruction);
    }

    fn instruction(&self, code: Code, operands: &[Operand]) -> Instruction {
        let mut instruction = Instruction::new();
        instruction.set_code(self.vectors.form(code));
        for (number, operand) in (0u32..).zip(operands) {
            match *operand {
                Operand::Vector(register) => {
                    set_register(&mut instruction, number, self.vectors.register(register));
                }
                Operand::Half(register) => set_register(&mut instruction, number, self.vectors.half(register)),
                Operand::Lowest(register) => {
                    set_register(&mut instruction, number, Register::XMM0 + u32::from(register));
                }
                Operand::Word(register) => set_register(&mut instruction, number, register),
                Operand::Memory(address) | Operand::Broadcast(address) => {
                    instruction.set_is_broadcast(matches!(operands[number as usize], Operand::Broadcast(_)));
                    instruction.set_op_kind(number, OpKind::Memory);
                    instruction.set_memory_base(address.base);
                    instruction.set_memory_displacement64(i64::from(address.displacement).cast_unsigned());
                    instruction.set_memory_displ_size(if address.displacement == 0 { 0 } else { 8 });
                    if let Some((register, scale)) = address.index {
                        instruction.set_memory_index(register);
                        instruction.set_memory_index_scale(scale);
                    }
                }
                Operand::Byte(byte) => {
                    instruction.set_op_kind(number, OpKind::Immediate8);
                    instruction.set_immediate8(byte);
                }
            }
        }
        instruction
    }

    /// An instruction on single numbers.
    ///
    /// # Panics
    /// When its operands do not fit its code.
    pub(super) fn word(&mut self, made: Result<Instruction, iced_x86::IcedError>) {
        self.push(made.unwrap_or_else(|error| panic!("bug: {error}")));
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels)
    }

    /// The next instruction is where `label` is.
    pub(super) fn bind(&mut self, label: Label) {
        if self.pending.is_some() {
            self.push(Instruction::with(Code::Nopd));
        }
        self.pending = Some(label);
    }

    pub(super) fn branch(&mut self, code: Code, label: Label) {
        self.word(Instruction::with_branch(code, label.0));
    }

    /// What follows stands apart until [`Assembler::together`].
    pub(super) fn apart(&mut self) {
        self.is_apart = true;
    }

    pub(super) fn together(&mut self) {
        self.is_apart = false;
    }

    /// The whole function: what saves registers and makes a frame, then everything.
    pub(super) fn finish(mut self) -> Vec<Instruction> {
        let alignment = i32::try_from(self.vectors.bytes()).unwrap_or(64);
        let frame = self.frame;
        let body = std::mem::take(&mut self.instructions);
        self.word(Instruction::with1(Code::Push_r64, Register::RBP));
        self.word(Instruction::with2(Code::Mov_r64_rm64, Register::RBP, Register::RSP));
        for register in SAVED {
            self.word(Instruction::with1(Code::Push_r64, register));
        }
        self.word(Instruction::with2(Code::And_rm64_imm8, Register::RSP, -alignment));
        // Each page of a large frame is touched in order, so that one beyond the stack is noticed.
        for _ in 0..frame / PAGE {
            self.word(Instruction::with2(Code::Sub_rm64_imm32, Register::RSP, PAGE));
            let top = iced_x86::MemoryOperand::with_base(Register::RSP);
            self.word(Instruction::with2(Code::Test_rm32_r32, top, Register::EAX));
        }
        if frame % PAGE > 0 {
            self.word(Instruction::with2(Code::Sub_rm64_imm32, Register::RSP, frame % PAGE));
        }
        self.instructions.extend(body);
        let apart = std::mem::take(&mut self.apart);
        self.instructions.extend(apart);
        self.instructions
    }

    /// Gives the frame and the registers back, and returns.
    pub(super) fn leave(&mut self) {
        self.push(Instruction::with(Code::VEX_Vzeroupper));
        let saved = iced_x86::MemoryOperand::with_base_displ(Register::RBP, -8 * i64::from(SAVED.len() as u8));
        self.word(Instruction::with2(Code::Lea_r64_m, Register::RSP, saved));
        for register in SAVED.into_iter().rev() {
            self.word(Instruction::with1(Code::Pop_r64, register));
        }
        self.word(Instruction::with1(Code::Pop_r64, Register::RBP));
        self.push(Instruction::with(Code::Retnq));
    }
}

/// Registers of the caller that are used.
const SAVED: [Register; 5] = [Register::RBX, Register::R12, Register::R13, Register::R14, Register::R15];

const PAGE: i32 = 4096;

fn set_register(instruction: &mut Instruction, number: u32, register: Register) {
    instruction.set_op_kind(number, OpKind::Register);
    instruction.set_op_register(number, register);
}

/// Machine code that runs wherever it lies.
///
/// # Errors
/// When an instruction cannot be encoded, which is a mistake of ours.
pub(super) fn encode(instructions: &[Instruction]) -> Result<Vec<u8>, String> {
    let block = InstructionBlock::new(instructions, 0);
    let encoded = BlockEncoder::encode(64, block, BlockEncoderOptions::NONE).map_err(|error| error.to_string())?;
    Ok(encoded.code_buffer)
}

/// One instruction a line, with the names of what it reads and writes.
pub(super) fn listing(instructions: &[Instruction], layout: &Layout, pool: &Pool) -> String {
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(true);
    formatter.options_mut().set_rip_relative_addresses(false);
    let mut text = String::new();
    for instruction in instructions {
        if instruction.ip() != 0 {
            let _ = writeln!(text, "L{}:", instruction.ip());
        }
        let mut line = String::new();
        if instruction.op0_kind() == OpKind::NearBranch64 {
            formatter.format_mnemonic(instruction, &mut line);
            let _ = write!(line, " L{}", instruction.near_branch64());
        } else {
            formatter.format(instruction, &mut line);
        }
        match remark(instruction, layout, pool) {
            Some(remark) => {
                let _ = writeln!(text, "    {line:<56}; {remark}");
            }
            None => {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    text
}

/// The name of the memory that an instruction uses.
fn remark(instruction: &Instruction, layout: &Layout, pool: &Pool) -> Option<String> {
    if !(0..instruction.op_count()).any(|number| instruction.op_kind(number) == OpKind::Memory) {
        return None;
    }
    let displacement = instruction.memory_displacement64().cast_signed();
    let offset = usize::try_from(displacement).ok()?;
    let storage = layout.storage();
    let column = || {
        let ids = (0..u32::try_from(storage.columns.len()).unwrap_or(0)).map(ColumnId);
        let id = ids.filter(|&id| layout.column_offset(id) <= offset).max_by_key(|&id| layout.column_offset(id))?;
        Some(storage.column_slot(id).name.clone())
    };
    match instruction.memory_base() {
        Register::RSP => Some("kept here for lack of registers".to_owned()),
        POOL => {
            let [word, ..] = pool.at(i32::try_from(displacement).ok()?)?;
            Some(format!("{:?} or {word:#x}", f64::from_bits(word)))
        }
        WORDS => column(),
        MEMORY if offset < storage.uniforms.len() * 8 => {
            let id = UniformId(u32::try_from(offset / 8).ok()?);
            Some(storage.uniform_slot(id).name.clone())
        }
        MEMORY => column(),
        _ => None,
    }
}
