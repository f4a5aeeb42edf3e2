//! The types of fields, and values of them, as Rust writes both.

use crate::chance::Chance;

/// A type that a field may have.
#[derive(Clone)]
pub(crate) enum Ty {
    /// Its name, and an expression that makes one.
    Plain(&'static str, &'static [&'static str]),
    Option(Box<Ty>),
    Vec(Box<Ty>),
    Boxed(Box<Ty>),
    Array(Box<Ty>, usize),
    Tuple(Vec<Ty>),
    Map(Box<Ty>, Box<Ty>),
    Result(Box<Ty>, Box<Ty>),
    /// A type that was made up, by its number.
    Item(usize),
}

/// What a map may be keyed by.
pub(crate) const KEYS: &[Ty] = &[
    Ty::Plain("String", &["\"k\".to_owned()", "String::new()", "\"it's \\\"k\\\"\\n\".to_owned()"]),
    Ty::Plain("u16", &["7", "0"]),
    Ty::Plain("i64", &["-7", "0"]),
    Ty::Plain("roomful::AsNumber<i64>", &["roomful::AsNumber(-7)"]),
    Ty::Plain("bool", &["true", "false"]),
    Ty::Plain("char", &["'k'", "'\"'"]),
];

/// Types that hold no other.
pub(crate) const PLAIN: &[Ty] = &[
    Ty::Plain("bool", &["true", "false"]),
    Ty::Plain("u8", &["0", "255"]),
    Ty::Plain("i64", &["-9007199254740991", "1"]),
    Ty::Plain("u128", &["7"]),
    Ty::Plain("roomful::AsNumber<u64>", &["roomful::AsNumber(9007199254740991)", "roomful::AsNumber(0)"]),
    Ty::Plain("roomful::AsNumber<i128>", &["roomful::AsNumber(-9007199254740991)", "roomful::AsNumber(1)"]),
    Ty::Plain("roomful::AsBigInt<u64>", &["roomful::AsBigInt(u64::MAX)", "roomful::AsBigInt(0)"]),
    Ty::Plain("roomful::AsBigInt<i128>", &["roomful::AsBigInt(i128::MIN)", "roomful::AsBigInt(7)"]),
    Ty::Plain("f64", &["0.5", "-1e300", "0.0"]),
    Ty::Plain("char", &["'a'", "'é'"]),
    Ty::Plain("String", &["\"a\".to_owned()", "String::new()", "\"\\u{2028}'\\\"\\\\\\n\".to_owned()"]),
    Ty::Plain("()", &["()"]),
    Ty::Plain("std::time::Duration", &["std::time::Duration::from_millis(1500)"]),
    Ty::Plain("std::ops::Range<u8>", &["0..3"]),
    Ty::Plain("std::ops::RangeFrom<i16>", &["-1.."]),
    Ty::Plain("Side", &["Side::Left", "Side::Right"]),
    Ty::Plain("std::collections::BTreeSet<u8>", &["std::collections::BTreeSet::from([1, 2])"]),
    Ty::Plain("std::borrow::Cow<'static, str>", &["\"cow\".into()"]),
    Ty::Plain("std::marker::PhantomData<u8>", &["std::marker::PhantomData"]),
    Ty::Plain("serde_json::Value", &["serde_json::json!({ \"any\": [1, null, \"x\"] })"]),
];

impl Ty {
    /// A type in which, at most `depth` deep, there may be an item.
    pub(crate) fn any(chance: &mut Chance, items: usize, depth: usize) -> Self {
        let inner = |chance: &mut Chance| Box::new(Self::any(chance, items, depth - 1));
        if depth == 0 || chance.one_in(3) {
            return chance.pick(PLAIN).clone();
        }
        match chance.below(10) {
            0 | 1 => Self::Option(inner(chance)),
            2 => Self::Vec(inner(chance)),
            3 => Self::Boxed(inner(chance)),
            4 => Self::Array(inner(chance), chance.below(4)),
            5 => Self::Tuple((0..1 + chance.below(3)).map(|_| *inner(chance)).collect()),
            6 => Self::Map(Box::new(chance.pick(KEYS).clone()), inner(chance)),
            7 => Self::Result(inner(chance), inner(chance)),
            _ if items > 0 => Self::Item(chance.below(items)),
            _ => chance.pick(PLAIN).clone(),
        }
    }

    /// How it is written.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Plain(name, _) => (*name).to_owned(),
            Self::Option(inner) => format!("Option<{}>", inner.written()),
            Self::Vec(inner) => format!("Vec<{}>", inner.written()),
            Self::Boxed(inner) => format!("Box<{}>", inner.written()),
            Self::Array(inner, length) => format!("[{}; {length}]", inner.written()),
            Self::Tuple(inner) => {
                let inner: String = inner.iter().map(|inner| format!("{},", inner.written())).collect();
                format!("({inner})")
            }
            Self::Map(key, value) => {
                format!("std::collections::BTreeMap<{}, {}>", key.written(), value.written())
            }
            Self::Result(ok, err) => format!("Result<{}, {}>", ok.written(), err.written()),
            Self::Item(number) => format!("T{number}"),
        }
    }

    /// An expression that makes one; `item` makes one of an item.
    pub(crate) fn value(&self, chance: &mut Chance, item: &mut dyn FnMut(usize, &mut Chance) -> String) -> String {
        match self {
            Self::Plain(_, values) => (*chance.pick(values)).to_owned(),
            Self::Option(_) if chance.one_in(2) => "None".to_owned(),
            Self::Option(inner) => format!("Some({})", inner.value(chance, item)),
            Self::Vec(inner) => {
                let values: Vec<_> = (0..chance.below(3)).map(|_| inner.value(chance, item)).collect();
                format!("vec![{}]", values.join(", "))
            }
            Self::Boxed(inner) => format!("Box::new({})", inner.value(chance, item)),
            Self::Array(inner, length) => {
                let values: Vec<_> = (0..*length).map(|_| inner.value(chance, item)).collect();
                format!("[{}]", values.join(", "))
            }
            Self::Tuple(inner) => {
                let values: String = inner.iter().map(|inner| format!("{},", inner.value(chance, item))).collect();
                format!("({values})")
            }
            Self::Map(key, value) => {
                let (key, value) = (key.value(chance, item), value.value(chance, item));
                format!("std::collections::BTreeMap::from([({key}, {value})])")
            }
            Self::Result(ok, _) if chance.one_in(2) => format!("Ok({})", ok.value(chance, item)),
            Self::Result(_, err) => format!("Err({})", err.value(chance, item)),
            Self::Item(number) => item(*number, chance),
        }
    }
}
