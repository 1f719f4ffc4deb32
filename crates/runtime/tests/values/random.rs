//! Random types, values and damage, all from a seed.

use wasmtime::component::{Type, Val};

use super::wit::Wit;

/// A small generator (splitmix64): the same seed gives the same test everywhere.
pub struct Rng(pub u64);

impl Rng {
    /// The same every time, unless SEED says otherwise; `stream` keeps tests apart.
    pub fn from_seed(stream: u64) -> Self {
        let seed = std::env::var("SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or(48);
        println!("SEED={seed}");
        Self(seed ^ stream)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A type that nests at most `depth` levels.
pub fn wit(rng: &mut Rng, depth: usize) -> Wit {
    const PLAIN: [&str; 13] = [
        "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char",
        "string",
    ];
    if depth == 0 {
        return Wit::Plain(rng.pick(&PLAIN).into());
    }
    let one = |rng: &mut Rng| Some(wit(rng, depth - 1));
    let maybe = |rng: &mut Rng| if rng.chance(3) { None } else { one(rng) };
    match rng.below(14) {
        0 => Wit::Angle("list", vec![Some(Wit::Plain("u8".into()))]),
        1 | 2 => Wit::Angle("list", vec![one(rng)]),
        3 => Wit::Fixed(Box::new(wit(rng, depth - 1)), 1 + rng.below(3) as u32),
        4 => {
            let key = rng.pick(&["string", "char", "u16", "s64", "bool"]);
            Wit::Angle("map", vec![Some(Wit::Plain(key.into())), one(rng)])
        }
        5 | 6 => Wit::Angle("option", vec![one(rng)]),
        7 => Wit::Angle("result", vec![maybe(rng), maybe(rng)]),
        8 => {
            let count = 1 + rng.below(3);
            Wit::Angle("tuple", (0..count).map(|_| one(rng)).collect())
        }
        9 => Wit::Braces(
            "enum",
            names(rng, 40)
                .into_iter()
                .map(|name| (name, None))
                .collect(),
        ),
        10 => Wit::Braces(
            "flags",
            names(rng, 32)
                .into_iter()
                .map(|name| (name, None))
                .collect(),
        ),
        11 => {
            let cases = names(rng, 5);
            Wit::Braces(
                "variant",
                cases.into_iter().map(|name| (name, maybe(rng))).collect(),
            )
        }
        _ => {
            let fields = names(rng, 5);
            Wit::Braces(
                "record",
                fields.into_iter().map(|name| (name, one(rng))).collect(),
            )
        }
    }
}

/// Between one and `most` different names, among them words that WAVE reserves.
fn names(rng: &mut Rng, most: usize) -> Vec<String> {
    const WORDS: [&str; 10] = [
        "none",
        "some",
        "ok",
        "err",
        "true",
        "inf",
        "path",
        "a-b",
        "timeout-ms",
        "HTTP",
    ];
    let count = 1 + rng.below(most);
    let start = rng.below(WORDS.len());
    (0..count)
        .map(|at| match WORDS.get(start + at) {
            Some(word) => (*word).to_owned(),
            None => format!("n{at}"),
        })
        .collect()
}

/// A value of the type.
pub fn val(rng: &mut Rng, ty: &Type) -> Val {
    let many = |rng: &mut Rng, ty: &Type| (0..rng.below(4)).map(|_| val(rng, ty)).collect();
    let boxed = |rng: &mut Rng, ty: Option<Type>| ty.map(|ty| Box::new(val(rng, &ty)));
    match ty {
        Type::Bool => Val::Bool(rng.chance(2)),
        Type::S8 => Val::S8(integer(rng) as i8),
        Type::U8 => Val::U8(integer(rng) as u8),
        Type::S16 => Val::S16(integer(rng) as i16),
        Type::U16 => Val::U16(integer(rng) as u16),
        Type::S32 => Val::S32(integer(rng) as i32),
        Type::U32 => Val::U32(integer(rng) as u32),
        Type::S64 => Val::S64(integer(rng) as i64),
        Type::U64 => Val::U64(integer(rng)),
        Type::Float32 => Val::Float32(match rng.below(3) {
            0 => rng.pick(&[
                0.0,
                -0.0,
                1.5,
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
                f32::MIN,
            ]),
            1 => integer(rng) as i16 as f32 / 10.0,
            _ => f32::from_bits(rng.next() as u32),
        }),
        Type::Float64 => Val::Float64(match rng.below(3) {
            0 => rng.pick(&[
                0.0,
                -0.0,
                1.5,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MIN,
            ]),
            1 => integer(rng) as i32 as f64 / 1000.0,
            _ => f64::from_bits(rng.next()),
        }),
        Type::Char => Val::Char(scalar(rng)),
        Type::String => Val::String((0..rng.below(12)).map(|_| scalar(rng)).collect()),
        Type::List(list) if list.ty() == Type::U8 => {
            let length = if rng.chance(10) { 300 } else { rng.below(30) };
            Val::List((0..length).map(|_| Val::U8(rng.next() as u8)).collect())
        }
        Type::List(list) => Val::List(many(rng, &list.ty())),
        Type::FixedLengthList(list) => {
            Val::FixedLengthList((0..list.len()).map(|_| val(rng, &list.ty())).collect())
        }
        Type::Map(map) => {
            let mut entries: Vec<(Val, Val)> = Vec::new();
            for _ in 0..rng.below(4) {
                let key = val(rng, &map.key());
                if !entries.iter().any(|(known, _)| *known == key) {
                    entries.push((key, val(rng, &map.value())));
                }
            }
            Val::Map(entries)
        }
        Type::Record(record) => Val::Record(
            record
                .fields()
                .map(|field| (field.name.to_owned(), val(rng, &field.ty)))
                .collect(),
        ),
        Type::Tuple(tuple) => Val::Tuple(tuple.types().map(|ty| val(rng, &ty)).collect()),
        Type::Variant(variant) => {
            let index = rng.below(variant.cases().len());
            let case = variant.cases().nth(index).expect("an index in range");
            Val::Variant(case.name.to_owned(), boxed(rng, case.ty))
        }
        Type::Enum(names) => {
            let index = rng.below(names.names().len());
            Val::Enum(
                names
                    .names()
                    .nth(index)
                    .expect("an index in range")
                    .to_owned(),
            )
        }
        Type::Option(option) => Val::Option(if rng.chance(3) {
            None
        } else {
            boxed(rng, Some(option.ty()))
        }),
        Type::Result(result) => Val::Result(match rng.chance(2) {
            true => Ok(boxed(rng, result.ok())),
            false => Err(boxed(rng, result.err())),
        }),
        Type::Flags(flags) => Val::Flags(
            flags
                .names()
                .filter(|_| rng.chance(2))
                .map(str::to_owned)
                .collect(),
        ),
        other => panic!("no value of {other:?}"),
    }
}

/// A number with any count of significant bits: the edges of all types are near.
fn integer(rng: &mut Rng) -> u64 {
    let number = rng.next() >> rng.below(64);
    if rng.chance(3) {
        number.wrapping_neg()
    } else {
        number
    }
}

fn scalar(rng: &mut Rng) -> char {
    match rng.below(6) {
        0 => rng.pick(&[
            '"', '\'', '\\', '\n', '\r', '\t', '\0', '\u{1b}', '\u{301}', '{', '/',
        ]),
        1 => char::from_u32(rng.below(0x11_0000) as u32).unwrap_or('\u{fffd}'),
        2 => rng.pick(&['é', 'ß', '→', '🦀', '\u{10ffff}', '\u{d7ff}']),
        _ => char::from(b' ' + rng.below(95) as u8),
    }
}

/// Damages bytes: flips a bit, sets, removes, repeats or inserts a byte, or cuts the end off.
pub fn damage(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..1 + rng.below(3) {
        if bytes.is_empty() {
            return bytes.push(rng.next() as u8);
        }
        let at = rng.below(bytes.len());
        match rng.below(6) {
            0 | 1 => bytes[at] ^= 1 << rng.below(8),
            2 => bytes[at] = rng.next() as u8,
            3 => bytes.truncate(at),
            4 => bytes.insert(
                at,
                rng.pick(&[0, 0x3b, 0x5b, 0x7b, 0x9b, 0xbb, 0x9f, 0xf6, 0xff]),
            ),
            _ => _ = bytes.remove(at),
        }
    }
}
