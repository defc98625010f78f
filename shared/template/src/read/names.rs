//! Names that a template gives, and names that it does not have.

use source::{Code, Finding, Key, Reader, closest};

/// The longest name of a parameter, resource, output or mapping ("AWS CloudFormation quotas").
const LONGEST: usize = 255;
/// With how much wrong names are not compared any more: comparing takes long, and a report tells less than that.
pub(crate) const COMPARED: usize = 400;
/// How many names a help lists.
pub(crate) const LISTED: usize = 8;

/// Whether `key` can name something in a template, which is a finding where it cannot.
pub(super) fn is_name(key: &Key, what: &str, reader: &mut Reader<'_>) -> bool {
    is_made_of(key, what, "", reader)
}

/// The same, with more characters than letters and digits.
pub(super) fn is_made_of(key: &Key, what: &str, more: &str, reader: &mut Reader<'_>) -> bool {
    // An empty name is a key that was no text, which is a finding already.
    if key.name.is_empty() {
        return false;
    }
    if key.name.len() > LONGEST {
        let message = format!("{what} has at most {LONGEST} characters, and this one has {}", key.name.len());
        reader.add(Finding::new(Code::WrongName, key.span, message).help("give it a shorter one"));
        return false;
    }
    let fits = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
    if key.name.chars().all(fits) {
        return true;
    }
    let allowed = match more {
        "" => "letters and digits only".to_owned(),
        more => format!("letters, digits and {}", quoted(more)),
    };
    let help = match fitting(&key.name, fits) {
        name if name.is_empty() => format!("it has {allowed}"),
        name => format!("it has {allowed}: `{name}`"),
    };
    reader.add(Finding::new(Code::WrongName, key.span, format!("`{}` cannot be {what}", key.name)).help(help));
    false
}

fn quoted(letters: &str) -> String {
    letters.chars().map(|letter| format!("`{letter}`")).collect::<Vec<_>>().join(", ")
}

/// `name` without what does not fit, each part after that in upper case.
fn fitting(name: &str, fits: impl Fn(char) -> bool) -> String {
    let mut made = String::new();
    for part in name.split(|letter| !fits(letter)).filter(|part| !part.is_empty()) {
        let (first, rest) = part.split_at(1);
        made.push_str(&first.to_ascii_uppercase());
        made.push_str(rest);
    }
    made
}

/// What to do about a name that is none of `names`: `these` says what they are, e.g. `parameters`; `found` is how much is wrong
/// already.
pub(crate) fn meant<'n>(
    given: &str,
    names: impl Iterator<Item = &'n str> + Clone,
    these: &str,
    found: usize,
) -> String {
    if found < COMPARED
        && let Some(near) = closest(given, names.clone())
    {
        return format!("did you mean `{near}`?");
    }
    let first: Vec<String> = names.clone().take(LISTED).map(|name| format!("`{name}`")).collect();
    let others = names.skip(LISTED).count();
    match (first.split_last(), others) {
        (None, _) => format!("there are no {these}"),
        (Some((only, [])), 0) => format!("there is only {only}"),
        (Some((last, most)), 0) => format!("there are {} and {last}", most.join(", ")),
        (Some(_), others) => format!("there are {} and {others} more", first.join(", ")),
    }
}
