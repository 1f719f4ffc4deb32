//! What machine code a process takes: the kind of machine, and what its processor can do beyond the least of its kind.
//!
//! As text it is a Rust target triple and then each feature that code may use, in order:
//! `x86_64-unknown-linux-musl+avx+avx2`.

use std::fmt;
use std::str::FromStr;

/// Machine code made for it runs where it is [`native`](Self::native).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Target {
    triple: &'static str,
    /// Sorted, each once, all of this kind of machine.
    features: Vec<Feature>,
}

/// Something that not every processor of a kind has: Rust's name for it, and that of wasmtime's compiler.
type Feature = (&'static str, &'static str);

/// A kind of machine.
struct Kind {
    triple: &'static str,
    features: &'static [Feature],
}

/// Text that is no target, or one that this version knows nothing of.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is no machine that modules can be compiled for")]
pub struct UnknownTarget(String);

/// The features that wasmtime's compiler makes use of, and a function that says which this machine has.
macro_rules! features {
    ($table:ident, $arch:literal, $detect:ident, $($name:tt = $flag:literal,)*) => {
        const $table: &[Feature] = &[$(($name, $flag)),*];

        #[cfg(target_arch = $arch)]
        fn detected() -> Vec<Feature> {
            let all = [$((($name, $flag), std::arch::$detect!($name))),*];
            let there = all.into_iter().filter(|(_, is_there)| *is_there);
            there.map(|(feature, _)| feature).collect()
        }
    };
}

features! {
    X86_64, "x86_64", is_x86_feature_detected,
    "avx" = "has_avx",
    "avx2" = "has_avx2",
    "avx512bitalg" = "has_avx512bitalg",
    "avx512dq" = "has_avx512dq",
    "avx512f" = "has_avx512f",
    "avx512vbmi" = "has_avx512vbmi",
    "avx512vl" = "has_avx512vl",
    "avx512vnni" = "has_avx512vnni",
    "avxvnni" = "has_avx_vnni",
    "bmi1" = "has_bmi1",
    "bmi2" = "has_bmi2",
    "cmpxchg16b" = "has_cmpxchg16b",
    "fma" = "has_fma",
    "lzcnt" = "has_lzcnt",
    "popcnt" = "has_popcnt",
    "sse3" = "has_sse3",
    "sse4.1" = "has_sse41",
    "sse4.2" = "has_sse42",
    "ssse3" = "has_ssse3",
}

features! {
    AARCH64, "aarch64", is_aarch64_feature_detected,
    "dotprod" = "has_dotprod",
    "fp16" = "has_fp16",
    "i8mm" = "has_i8mm",
    "lse" = "has_lse",
}

/// All that there are slaves for.
const KINDS: [Kind; 2] = [
    Kind {
        triple: "x86_64-unknown-linux-musl",
        features: X86_64,
    },
    Kind {
        triple: "aarch64-unknown-linux-musl",
        features: AARCH64,
    },
];

impl Target {
    /// This machine, as it is.
    #[must_use]
    pub fn native() -> Self {
        let kind = &KINDS[usize::from(cfg!(target_arch = "aarch64"))];
        Self {
            triple: kind.triple,
            features: detected(),
        }
    }

    /// The target triple.
    #[must_use]
    pub fn triple(&self) -> &'static str {
        self.triple
    }

    /// What wasmtime's compiler calls the features.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        self.features.iter().map(|(_, flag)| *flag)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.triple)?;
        let mut names = self.features.iter().map(|(name, _)| name);
        names.try_for_each(|name| write!(f, "+{name}"))
    }
}

impl FromStr for Target {
    type Err = UnknownTarget;

    /// Takes nothing but what [`Display`](fmt::Display) makes: one machine has one name.
    fn from_str(text: &str) -> Result<Self, UnknownTarget> {
        let unknown = || UnknownTarget(text.chars().take(400).collect());
        let mut words = text.split('+');
        let triple = words.next().unwrap_or_default();
        let kind = KINDS.iter().find(|kind| kind.triple == triple);
        let kind = kind.ok_or_else(unknown)?;
        let mut features: Vec<Feature> = Vec::new();
        for word in words {
            let known = kind.features.iter().find(|(name, _)| *name == word);
            let known = *known.ok_or_else(unknown)?;
            if features.last().is_some_and(|last| *last >= known) {
                return Err(unknown());
            }
            features.push(known);
        }
        Ok(Self {
            triple: kind.triple,
            features,
        })
    }
}

#[cfg(test)]
mod tests;
