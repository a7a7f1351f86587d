//! The decimal digits that Nix's JSON output shows for a float.
//!
//! Nix prints floats in JSON through nlohmann's library, which uses the Grisu2 algorithm (Florian Loitsch, "Printing
//! Floating-Point Numbers Quickly and Accurately with Integers", PLDI 2010). Grisu2 gives digits that read back to
//! the same float, but about one time in a thousand they are not the shortest or not the nearest ones, so Rust's own
//! shortest printing cannot be used where the output must be equal byte for byte.

/// A number `f * 2^e` with 64 bits of precision, the paper's "do-it-yourself floating point".
#[derive(Clone, Copy)]
struct Extended {
    f: u64,
    e: i32,
}

impl Extended {
    /// The product, rounded to 64 bits with ties up.
    fn times(self, other: Extended) -> Extended {
        let product = u128::from(self.f) * u128::from(other.f);
        let high = ((product + (1 << 63)) >> 64) as u64;
        Extended {
            f: high,
            e: self.e + other.e + 64,
        }
    }

    /// The same number with the top bit of `f` set; `f` must not be zero.
    fn normalized(self) -> Extended {
        let shift = self.f.leading_zeros();
        Extended {
            f: self.f << shift,
            e: self.e - shift as i32,
        }
    }
}

/// Digits of a positive finite float: the value is `digits * 10^exponent`.
pub(super) struct Digits {
    buffer: [u8; 20],
    length: usize,
    /// The power of ten that the digits, read as one integer, are multiplied with.
    pub(super) exponent: i32,
}

impl Digits {
    /// The digits as ASCII, without leading zeros.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    fn push(&mut self, digit: u64) {
        self.buffer[self.length] = b'0' + digit as u8;
        self.length += 1;
    }

    /// Lowers the last digit while that brings the number nearer to the exact value.
    ///
    /// `distance` is how far the exact value lies below the upper bound, `width` the distance of the two bounds,
    /// `rest` how far the digits so far lie below the upper bound, `unit` the weight of the last digit.
    fn round_down(&mut self, distance: u64, width: u64, mut rest: u64, unit: u64) {
        while rest < distance
            && width - rest >= unit
            && (rest + unit < distance || distance - rest > rest + unit - distance)
        {
            self.buffer[self.length - 1] -= 1;
            rest += unit;
        }
    }
}

/// Grisu2 digits of `value`, which must be positive and finite.
pub(super) fn digits(value: f64) -> Digits {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let biased = (bits >> 52) as i32;
    let exact = if biased == 0 {
        Extended { f: fraction, e: -1074 }
    } else {
        Extended {
            f: fraction | (1 << 52),
            e: biased - 1075,
        }
    };
    // Halfway to the neighbours; the lower neighbour of a power of two is nearer.
    let upper = Extended {
        f: 2 * exact.f + 1,
        e: exact.e - 1,
    }
    .normalized();
    let lower = if fraction == 0 && biased > 1 {
        Extended {
            f: 4 * exact.f - 1,
            e: exact.e - 2,
        }
    } else {
        Extended {
            f: 2 * exact.f - 1,
            e: exact.e - 1,
        }
    };
    let lower = Extended {
        f: lower.f << (lower.e - upper.e),
        e: upper.e,
    };

    let (power, decimal) = cached_power(upper.e);
    let scaled = exact.normalized().times(power);
    let mut high = upper.times(power);
    let mut low = lower.times(power);
    // The scaled numbers may be wrong by one unit: stay inside.
    high.f -= 1;
    low.f += 1;
    generate(low, scaled, high, -decimal)
}

/// Digits of a number between `low` and `high`, as near to `value` as its last digit allows.
fn generate(low: Extended, value: Extended, high: Extended, exponent: i32) -> Digits {
    let mut out = Digits {
        buffer: [0; 20],
        length: 0,
        exponent,
    };
    let mut width = high.f - low.f;
    let mut distance = high.f - value.f;
    let shift = (-high.e) as u32;
    let mask = (1_u64 << shift) - 1;

    let mut whole = high.f >> shift;
    let mut part = high.f & mask;
    let mut places = whole.checked_ilog10().unwrap_or(0) as i32 + 1;
    let mut weight = 10_u64.pow(places as u32 - 1);
    while places > 0 {
        out.push(whole / weight);
        whole %= weight;
        places -= 1;
        let rest = (whole << shift) + part;
        if rest <= width {
            out.exponent += places;
            out.round_down(distance, width, rest, weight << shift);
            return out;
        }
        weight /= 10;
    }
    loop {
        part *= 10;
        out.push(part >> shift);
        part &= mask;
        out.exponent -= 1;
        width *= 10;
        distance *= 10;
        if part <= width {
            out.round_down(distance, width, part, mask + 1);
            return out;
        }
    }
}

/// A power of ten that brings a number with the binary exponent `e` into the range of [`generate`], and its decimal
/// exponent.
fn cached_power(e: i32) -> (Extended, i32) {
    let wanted = -61 - e;
    let decimal = wanted * 78913 / (1 << 18) + i32::from(wanted > 0);
    let index = (300 + decimal + 7) / 8;
    let (f, e) = POWERS[index as usize];
    (Extended { f, e }, -300 + index * 8)
}

/// `10^k` for k = -300, -292, … 324: 64 significant bits, rounded to nearest, and the binary exponent.
/// Computed with exact fractions: the nearest integer to `10^k / 2^e` in `2^63 .. 2^64`.
#[rustfmt::skip]
const POWERS: [(u64, i32); 79] = [
    (0xAB70_FE17_C79A_C6CA, -1060),
    (0xFF77_B1FC_BEBC_DC4F, -1034),
    (0xBE56_91EF_416B_D60C, -1007),
    (0x8DD0_1FAD_907F_FC3C, -980),
    (0xD351_5C28_3155_9A83, -954),
    (0x9D71_AC8F_ADA6_C9B5, -927),
    (0xEA9C_2277_23EE_8BCB, -901),
    (0xAECC_4991_4078_536D, -874),
    (0x823C_1279_5DB6_CE57, -847),
    (0xC210_9436_4DFB_5637, -821),
    (0x9096_EA6F_3848_984F, -794),
    (0xD774_85CB_2582_3AC7, -768),
    (0xA086_CFCD_97BF_97F4, -741),
    (0xEF34_0A98_172A_ACE5, -715),
    (0xB238_67FB_2A35_B28E, -688),
    (0x84C8_D4DF_D2C6_3F3B, -661),
    (0xC5DD_4427_1AD3_CDBA, -635),
    (0x936B_9FCE_BB25_C996, -608),
    (0xDBAC_6C24_7D62_A584, -582),
    (0xA3AB_6658_0D5F_DAF6, -555),
    (0xF3E2_F893_DEC3_F126, -529),
    (0xB5B5_ADA8_AAFF_80B8, -502),
    (0x8762_5F05_6C7C_4A8B, -475),
    (0xC9BC_FF60_34C1_3053, -449),
    (0x964E_858C_91BA_2655, -422),
    (0xDFF9_7724_7029_7EBD, -396),
    (0xA6DF_BD9F_B8E5_B88F, -369),
    (0xF8A9_5FCF_8874_7D94, -343),
    (0xB944_7093_8FA8_9BCF, -316),
    (0x8A08_F0F8_BF0F_156B, -289),
    (0xCDB0_2555_6531_31B6, -263),
    (0x993F_E2C6_D07B_7FAC, -236),
    (0xE45C_10C4_2A2B_3B06, -210),
    (0xAA24_2499_6973_92D3, -183),
    (0xFD87_B5F2_8300_CA0E, -157),
    (0xBCE5_0864_9211_1AEB, -130),
    (0x8CBC_CC09_6F50_88CC, -103),
    (0xD1B7_1758_E219_652C, -77),
    (0x9C40_0000_0000_0000, -50),
    (0xE8D4_A510_0000_0000, -24),
    (0xAD78_EBC5_AC62_0000, 3),
    (0x813F_3978_F894_0984, 30),
    (0xC097_CE7B_C907_15B3, 56),
    (0x8F7E_32CE_7BEA_5C70, 83),
    (0xD5D2_38A4_ABE9_8068, 109),
    (0x9F4F_2726_179A_2245, 136),
    (0xED63_A231_D4C4_FB27, 162),
    (0xB0DE_6538_8CC8_ADA8, 189),
    (0x83C7_088E_1AAB_65DB, 216),
    (0xC45D_1DF9_4271_1D9A, 242),
    (0x924D_692C_A61B_E758, 269),
    (0xDA01_EE64_1A70_8DEA, 295),
    (0xA26D_A399_9AEF_774A, 322),
    (0xF209_787B_B47D_6B85, 348),
    (0xB454_E4A1_79DD_1877, 375),
    (0x865B_8692_5B9B_C5C2, 402),
    (0xC835_53C5_C896_5D3D, 428),
    (0x952A_B45C_FA97_A0B3, 455),
    (0xDE46_9FBD_99A0_5FE3, 481),
    (0xA59B_C234_DB39_8C25, 508),
    (0xF6C6_9A72_A398_9F5C, 534),
    (0xB7DC_BF53_54E9_BECE, 561),
    (0x88FC_F317_F222_41E2, 588),
    (0xCC20_CE9B_D35C_78A5, 614),
    (0x9816_5AF3_7B21_53DF, 641),
    (0xE2A0_B5DC_971F_303A, 667),
    (0xA8D9_D153_5CE3_B396, 694),
    (0xFB9B_7CD9_A4A7_443C, 720),
    (0xBB76_4C4C_A7A4_4410, 747),
    (0x8BAB_8EEF_B640_9C1A, 774),
    (0xD01F_EF10_A657_842C, 800),
    (0x9B10_A4E5_E991_3129, 827),
    (0xE710_9BFB_A19C_0C9D, 853),
    (0xAC28_20D9_623B_F429, 880),
    (0x8044_4B5E_7AA7_CF85, 907),
    (0xBF21_E440_03AC_DD2D, 933),
    (0x8E67_9C2F_5E44_FF8F, 960),
    (0xD433_179D_9C8C_B841, 986),
    (0x9E19_DB92_B4E3_1BA9, 1013),
];
