//! The two sizes of vectors, and what differs between them but for what `select` says.

use iced_x86::{Code, Register};

/// How wide vectors are, and with what their code is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vectors {
    /// 256 bits, by AVX2: sixteen registers; a truth value is a number of ones in each lane.
    Bits256,
    /// 512 bits, by AVX-512 F, DQ, BW and VL: 32 registers; a truth value is one bit in a register of masks.
    Bits512,
}

/// The number of the first register of masks; those below are vectors.
pub(super) const MASKS: u8 = 32;

/// All registers that are numbered.
pub(super) const REGISTERS: usize = 39;

/// The vector register of 512 bits that holds nothing from one instruction to the next.
pub(super) const SCRATCH: u8 = 31;

impl Vectors {
    /// Whether this machine runs such code.
    pub fn has_machine(self) -> bool {
        #[cfg(all(target_arch = "x86_64", unix))]
        let has = match self {
            Vectors::Bits256 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("bmi2")
            }
            Vectors::Bits512 => {
                Vectors::Bits256.has_machine()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
            }
        };
        #[cfg(not(all(target_arch = "x86_64", unix)))]
        let has = false;
        has
    }

    /// Words in a vector.
    pub(super) fn words(self) -> usize {
        match self {
            Vectors::Bits256 => 4,
            Vectors::Bits512 => 8,
        }
    }

    /// Bytes in a vector.
    pub(super) fn bytes(self) -> usize {
        8 * self.words()
    }

    /// The numbers of the registers that vectors may take.
    pub(super) fn registers(self) -> std::ops::Range<u8> {
        match self {
            Vectors::Bits256 => 0..16,
            Vectors::Bits512 => 0..SCRATCH,
        }
    }

    /// Whether a truth value is one bit.
    pub(super) fn has_masks(self) -> bool {
        self == Vectors::Bits512
    }

    /// A register by its number.
    pub(super) fn register(self, number: u8) -> Register {
        match self {
            _ if number >= MASKS => Register::K1 + u32::from(number - MASKS),
            Vectors::Bits256 => Register::YMM0 + u32::from(number),
            Vectors::Bits512 => Register::ZMM0 + u32::from(number),
        }
    }

    /// The lower half of a register.
    pub(super) fn half(self, number: u8) -> Register {
        match self {
            Vectors::Bits256 => Register::XMM0 + u32::from(number),
            Vectors::Bits512 => Register::YMM0 + u32::from(number),
        }
    }

    /// The instruction that does the same as one for 256 bits.
    pub(super) fn form(self, code: Code) -> Code {
        match self {
            Vectors::Bits256 => code,
            Vectors::Bits512 => of_512_bits(code),
        }
    }
}

/// The same instruction for 512 bits; what is none of 256 bits stays.
fn of_512_bits(code: Code) -> Code {
    match code {
        Code::VEX_Vaddpd_ymm_ymm_ymmm256 => Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vaddps_ymm_ymm_ymmm256 => Code::EVEX_Vaddps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vandpd_ymm_ymm_ymmm256 => Code::EVEX_Vandpd_zmm_k1z_zmm_zmmm512b64,
        Code::VEX_Vbroadcastss_ymm_m32 => Code::EVEX_Vbroadcastss_zmm_k1z_xmmm32,
        Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8 => Code::EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae,
        Code::VEX_Vcmpps_ymm_ymm_ymmm256_imm8 => Code::EVEX_Vcmpps_kr_k1_zmm_zmmm512b32_imm8_sae,
        Code::VEX_Vcvtpd2ps_xmm_ymmm256 => Code::EVEX_Vcvtpd2ps_ymm_k1z_zmmm512b64_er,
        Code::VEX_Vcvtps2pd_ymm_xmmm128 => Code::EVEX_Vcvtps2pd_zmm_k1z_ymmm256b32_sae,
        Code::VEX_Vdivpd_ymm_ymm_ymmm256 => Code::EVEX_Vdivpd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vdivps_ymm_ymm_ymmm256 => Code::EVEX_Vdivps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vextractf128_xmmm128_ymm_imm8 => Code::EVEX_Vextractf64x4_ymmm256_k1z_zmm_imm8,
        Code::VEX_Vfmadd132pd_ymm_ymm_ymmm256 => Code::EVEX_Vfmadd132pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfmadd132ps_ymm_ymm_ymmm256 => Code::EVEX_Vfmadd132ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfmadd213pd_ymm_ymm_ymmm256 => Code::EVEX_Vfmadd213pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfmadd213ps_ymm_ymm_ymmm256 => Code::EVEX_Vfmadd213ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfmadd231pd_ymm_ymm_ymmm256 => Code::EVEX_Vfmadd231pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfmadd231ps_ymm_ymm_ymmm256 => Code::EVEX_Vfmadd231ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfmsub132pd_ymm_ymm_ymmm256 => Code::EVEX_Vfmsub132pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfmsub132ps_ymm_ymm_ymmm256 => Code::EVEX_Vfmsub132ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfmsub213pd_ymm_ymm_ymmm256 => Code::EVEX_Vfmsub213pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfmsub213ps_ymm_ymm_ymmm256 => Code::EVEX_Vfmsub213ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfmsub231pd_ymm_ymm_ymmm256 => Code::EVEX_Vfmsub231pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfmsub231ps_ymm_ymm_ymmm256 => Code::EVEX_Vfmsub231ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfnmadd132pd_ymm_ymm_ymmm256 => Code::EVEX_Vfnmadd132pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfnmadd132ps_ymm_ymm_ymmm256 => Code::EVEX_Vfnmadd132ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfnmadd213pd_ymm_ymm_ymmm256 => Code::EVEX_Vfnmadd213pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfnmadd213ps_ymm_ymm_ymmm256 => Code::EVEX_Vfnmadd213ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfnmadd231pd_ymm_ymm_ymmm256 => Code::EVEX_Vfnmadd231pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfnmadd231ps_ymm_ymm_ymmm256 => Code::EVEX_Vfnmadd231ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfnmsub132pd_ymm_ymm_ymmm256 => Code::EVEX_Vfnmsub132pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfnmsub132ps_ymm_ymm_ymmm256 => Code::EVEX_Vfnmsub132ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfnmsub213pd_ymm_ymm_ymmm256 => Code::EVEX_Vfnmsub213pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfnmsub213ps_ymm_ymm_ymmm256 => Code::EVEX_Vfnmsub213ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vfnmsub231pd_ymm_ymm_ymmm256 => Code::EVEX_Vfnmsub231pd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vfnmsub231ps_ymm_ymm_ymmm256 => Code::EVEX_Vfnmsub231ps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vinsertf128_ymm_ymm_xmmm128_imm8 => Code::EVEX_Vinsertf64x4_zmm_k1z_zmm_ymmm256_imm8,
        Code::VEX_Vmaxpd_ymm_ymm_ymmm256 => Code::EVEX_Vmaxpd_zmm_k1z_zmm_zmmm512b64_sae,
        Code::VEX_Vmaxps_ymm_ymm_ymmm256 => Code::EVEX_Vmaxps_zmm_k1z_zmm_zmmm512b32_sae,
        Code::VEX_Vminpd_ymm_ymm_ymmm256 => Code::EVEX_Vminpd_zmm_k1z_zmm_zmmm512b64_sae,
        Code::VEX_Vminps_ymm_ymm_ymmm256 => Code::EVEX_Vminps_zmm_k1z_zmm_zmmm512b32_sae,
        Code::VEX_Vmovapd_ymm_ymmm256 => Code::EVEX_Vmovapd_zmm_k1z_zmmm512,
        Code::VEX_Vmovapd_ymmm256_ymm => Code::EVEX_Vmovapd_zmmm512_k1z_zmm,
        Code::VEX_Vmovd_rm32_xmm => Code::EVEX_Vmovd_rm32_xmm,
        Code::VEX_Vmovlpd_m64_xmm => Code::EVEX_Vmovlpd_m64_xmm,
        Code::VEX_Vmovq_xmm_rm64 => Code::EVEX_Vmovq_xmm_rm64,
        Code::VEX_Vmulpd_ymm_ymm_ymmm256 => Code::EVEX_Vmulpd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vmulps_ymm_ymm_ymmm256 => Code::EVEX_Vmulps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vpaddd_ymm_ymm_ymmm256 => Code::EVEX_Vpaddd_zmm_k1z_zmm_zmmm512b32,
        Code::VEX_Vpaddq_ymm_ymm_ymmm256 => Code::EVEX_Vpaddq_zmm_k1z_zmm_zmmm512b64,
        Code::VEX_Vpand_ymm_ymm_ymmm256 => Code::EVEX_Vpandq_zmm_k1z_zmm_zmmm512b64,
        Code::VEX_Vpbroadcastq_ymm_xmmm64 => Code::EVEX_Vpbroadcastq_zmm_k1z_xmmm64,
        Code::VEX_Vpmulld_ymm_ymm_ymmm256 => Code::EVEX_Vpmulld_zmm_k1z_zmm_zmmm512b32,
        Code::VEX_Vpor_ymm_ymm_ymmm256 => Code::EVEX_Vporq_zmm_k1z_zmm_zmmm512b64,
        Code::VEX_Vpslld_ymm_ymm_imm8 => Code::EVEX_Vpslld_zmm_k1z_zmmm512b32_imm8,
        Code::VEX_Vpsllq_ymm_ymm_imm8 => Code::EVEX_Vpsllq_zmm_k1z_zmmm512b64_imm8,
        Code::VEX_Vpsrad_ymm_ymm_imm8 => Code::EVEX_Vpsrad_zmm_k1z_zmmm512b32_imm8,
        Code::VEX_Vpsrld_ymm_ymm_imm8 => Code::EVEX_Vpsrld_zmm_k1z_zmmm512b32_imm8,
        Code::VEX_Vpsrlq_ymm_ymm_imm8 => Code::EVEX_Vpsrlq_zmm_k1z_zmmm512b64_imm8,
        Code::VEX_Vpsubd_ymm_ymm_ymmm256 => Code::EVEX_Vpsubd_zmm_k1z_zmm_zmmm512b32,
        Code::VEX_Vpsubq_ymm_ymm_ymmm256 => Code::EVEX_Vpsubq_zmm_k1z_zmm_zmmm512b64,
        Code::VEX_Vpxor_ymm_ymm_ymmm256 => Code::EVEX_Vpxorq_zmm_k1z_zmm_zmmm512b64,
        Code::VEX_Vroundpd_ymm_ymmm256_imm8 => Code::EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae,
        Code::VEX_Vroundps_ymm_ymmm256_imm8 => Code::EVEX_Vrndscaleps_zmm_k1z_zmmm512b32_imm8_sae,
        Code::VEX_Vsqrtpd_ymm_ymmm256 => Code::EVEX_Vsqrtpd_zmm_k1z_zmmm512b64_er,
        Code::VEX_Vsqrtps_ymm_ymmm256 => Code::EVEX_Vsqrtps_zmm_k1z_zmmm512b32_er,
        Code::VEX_Vsubpd_ymm_ymm_ymmm256 => Code::EVEX_Vsubpd_zmm_k1z_zmm_zmmm512b64_er,
        Code::VEX_Vsubps_ymm_ymm_ymmm256 => Code::EVEX_Vsubps_zmm_k1z_zmm_zmmm512b32_er,
        Code::VEX_Vxorpd_ymm_ymm_ymmm256 => Code::EVEX_Vxorpd_zmm_k1z_zmm_zmmm512b64,
        other => other,
    }
}
