//! The functions that may be left until resources exist, computed over values that are known.

use core::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The longest text that a function may give, in bytes: as long as CloudFormation takes whole templates.
pub const LONGEST: usize = 1024 * 1024;
/// The most ranges of addresses that `Fn::Cidr` gives ("Fn::Cidr", count).
pub const MOST_RANGES: u32 = 256;

/// A function that may be left until resources exist, `Ref` and `Fn::GetAtt` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Texts, one after the other, with a separator between them.
    Join,
    /// One item of a list, by its place.
    Select,
    /// The parts of a text between its separators.
    Split,
    /// A text in Base64.
    Base64,
    /// Ranges of addresses within one.
    Cidr,
    /// A mapping or a list as the text of its JSON.
    ToJsonString,
    /// How many items a list has.
    Length,
}

/// Why a function gives nothing for what it is given. Says which function and what does not fit; none of the values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {reason}", function.as_str())]
pub struct Unfit {
    /// The function.
    pub function: Function,
    /// What does not fit, after the name of the function: `is given …`.
    pub reason: String,
    /// In which way.
    pub misfit: Misfit,
}

/// In which way arguments are not what a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// One is of another kind: a list where it takes text.
    Kind,
    /// A number is beyond what it may be.
    Range,
    /// What it would give is too long.
    Size,
}

impl Function {
    /// Every one.
    pub const ALL: &'static [Self] =
        &[Self::Join, Self::Select, Self::Split, Self::Base64, Self::Cidr, Self::ToJsonString, Self::Length];

    /// The one of that name, e.g. `Fn::Join`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|function| function.as_str() == name).copied()
    }

    /// Its name, e.g. `Fn::Join`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "Fn::Join",
            Self::Select => "Fn::Select",
            Self::Split => "Fn::Split",
            Self::Base64 => "Fn::Base64",
            Self::Cidr => "Fn::Cidr",
            Self::ToJsonString => "Fn::ToJsonString",
            Self::Length => "Fn::Length",
        }
    }

    /// Its value for `arguments`, in which nothing is left to resolve.
    ///
    /// # Errors
    /// [`Unfit`] where the arguments are not what it takes, and where its value would be too long.
    pub fn apply(self, arguments: &Value) -> Result<Value, Unfit> {
        match self {
            Self::Join => self.join(arguments),
            Self::Select => self.select(arguments),
            Self::Split => self.split(arguments),
            Self::Base64 => self.base64(arguments),
            Self::Cidr => self.cidr(arguments),
            Self::ToJsonString => match arguments {
                Value::Array(_) | Value::Object(_) => self.bounded(arguments.to_string()),
                _ => Err(self.unfit("takes a mapping or a list")),
            },
            Self::Length => match arguments {
                Value::Array(items) => Ok(Value::from(items.len())),
                _ => Err(self.unfit("takes a list")),
            },
        }
    }

    fn unfit(self, reason: impl Into<String>) -> Unfit {
        Unfit { function: self, reason: reason.into(), misfit: Misfit::Kind }
    }

    fn beyond(self, reason: impl Into<String>) -> Unfit {
        Unfit { function: self, reason: reason.into(), misfit: Misfit::Range }
    }

    fn too_large(self) -> Unfit {
        let reason = format!("would give more than {LONGEST} bytes of text");
        Unfit { function: self, reason, misfit: Misfit::Size }
    }

    fn bounded(self, text: String) -> Result<Value, Unfit> {
        if text.len() > LONGEST { Err(self.too_large()) } else { Ok(Value::String(text)) }
    }

    fn join(self, arguments: &Value) -> Result<Value, Unfit> {
        let [Value::String(separator), Value::Array(parts)] = items(arguments) else {
            return Err(self.unfit("takes a separator and a list of texts"));
        };
        let mut joined = String::new();
        for (index, part) in parts.iter().enumerate() {
            let Some(part) = text(part) else {
                return Err(self.unfit(format!("is given {} at {index}, where it takes text", kind(part))));
            };
            if joined.len().saturating_add(separator.len()).saturating_add(part.len()) > LONGEST {
                return Err(self.too_large());
            }
            if index > 0 {
                joined.push_str(separator);
            }
            joined.push_str(&part);
        }
        Ok(Value::String(joined))
    }

    fn select(self, arguments: &Value) -> Result<Value, Unfit> {
        let [index, Value::Array(list)] = items(arguments) else {
            return Err(self.unfit("takes an index and a list"));
        };
        let Some(index) = whole(index) else { return Err(self.unfit("takes a whole number from 0 as its index")) };
        match usize::try_from(index).ok().and_then(|index| list.get(index)) {
            Some(Value::Null) => Err(self.unfit(format!("asks for item {index}, which is null"))),
            Some(item) => Ok(item.clone()),
            None => Err(self.beyond(format!("asks for item {index} of a list of {}, counted from 0", list.len()))),
        }
    }

    fn split(self, arguments: &Value) -> Result<Value, Unfit> {
        let (separator, source) = match items(arguments) {
            [Value::String(separator), source] => (separator, text(source)),
            _ => return Err(self.unfit("takes a separator and a text")),
        };
        let Some(source) = source else { return Err(self.unfit("takes a separator and a text")) };
        if separator.is_empty() {
            return Err(self.unfit("takes a separator that is not empty"));
        }
        Ok(source.split(separator.as_str()).map(Value::from).collect())
    }

    fn base64(self, arguments: &Value) -> Result<Value, Unfit> {
        let Some(plain) = text(arguments) else { return Err(self.unfit("takes a text")) };
        if plain.len() > LONGEST / 4 * 3 {
            return Err(self.too_large());
        }
        self.bounded(STANDARD.encode(plain.as_bytes()))
    }

    fn cidr(self, arguments: &Value) -> Result<Value, Unfit> {
        let [Value::String(block), count, bits] = items(arguments) else {
            return Err(self.unfit("takes a range of addresses, a count and a number of bits"));
        };
        let count = whole(count).and_then(|count| u32::try_from(count).ok());
        let Some(count) = count.filter(|count| (1..=MOST_RANGES).contains(count)) else {
            return Err(self.beyond(format!("takes a count from 1 to {MOST_RANGES}")));
        };
        let Some(bits) = whole(bits).and_then(|bits| u32::try_from(bits).ok()) else {
            return Err(self.unfit("takes a whole number of bits"));
        };
        let no_range = || self.unfit("takes a range of addresses such as `10.0.0.0/16` or `fd00::/56`");
        let (address, length) = block.split_once('/').ok_or_else(no_range)?;
        let length = length.parse::<u32>().map_err(|_| no_range())?;
        let (start, width) = match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
            (Ok(address), _) => (u128::from(address.to_bits()), 32),
            (_, Ok(address)) => (address.to_bits(), 128),
            (Err(_), Err(_)) => return Err(no_range()),
        };
        if length > width {
            return Err(no_range());
        }
        let Some(room) = (width - length).checked_sub(bits) else {
            return Err(
                self.beyond(format!("is given {bits} bits, and a range of `/{length}` leaves {}", width - length))
            );
        };
        if room < 32 && count > 1 << room {
            return Err(
                self.beyond(format!("asks for {count} ranges of {bits} bits, and `/{length}` has {}", 1_u64 << room))
            );
        }
        // Every shift is below 128: `width - length` of 128 is a range of everything, and begins at 0.
        let first = start.checked_shr(width - length).map_or(0, |network| network << (width - length));
        let range = |index: u32| {
            let address = first | u128::from(index).checked_shl(bits).unwrap_or(0);
            match u32::try_from(address) {
                Ok(address) if width == 32 => Value::from(format!("{}/{}", Ipv4Addr::from_bits(address), width - bits)),
                _ => Value::from(format!("{}/{}", Ipv6Addr::from_bits(address), width - bits)),
            }
        };
        Ok((0..count).map(range).collect())
    }
}

/// How a value reads within a text; none for what is no text, number or truth.
pub fn text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(truth) => Some(if *truth { "true" } else { "false" }.into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn items(arguments: &Value) -> &[Value] {
    arguments.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A whole number from 0, also where it is written as text.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        other => other.as_u64(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
