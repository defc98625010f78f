//! Routes of the shared API.

use crate::config::Route;
use source::Code;
use source::Finding;
use source::Node;
use source::Reader;
use source::Spanned;

const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The routes that `node` lists; one may stand without a list.
pub(super) fn routes(reader: &mut Reader<'_>, node: &Node) -> Vec<Route> {
    reader.texts(node, "a route").into_iter().filter_map(|text| route(reader, text)).collect()
}

fn route(reader: &mut Reader<'_>, Spanned { value, span }: Spanned<String>) -> Option<Route> {
    if value == "$default" {
        return Some(Route { key: value, span });
    }
    let mut wrong = |help: String| {
        let shown: String = value.chars().take(60).collect();
        reader.add(Finding::new(Code::WrongRoute, span, format!("`{shown}` is not a route")).help(help));
    };
    let Some((method, path)) = value.split_once(' ') else {
        wrong("write a method and a path, e.g. `POST /support`".to_owned());
        return None;
    };
    if !METHODS.contains(&method) {
        let upper = method.to_uppercase();
        wrong(match METHODS.contains(&upper.as_str()) {
            true => format!("write the method as `{upper}`"),
            false => format!("its method is one of {}", source::listed(&METHODS, "and")),
        });
        return None;
    }
    if let Err(help) = path_of(path) {
        wrong(help);
        return None;
    }
    Some(Route { key: value, span })
}

/// Whether a REST API can have a route; what is wrong is told.
pub(super) fn is_rest(reader: &mut Reader<'_>, route: &Route) -> bool {
    let help = match route.key.split_once(' ') {
        None => "a REST API has no `$default`: write `ANY /{proxy+}`".to_owned(),
        Some((_, path)) => {
            let is_part = |part: &str| {
                part.starts_with('{') || part.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c))
            };
            if path.split('/').all(is_part) {
                return true;
            }
            "the paths of a REST API have letters, digits and `. _ - :`".to_owned()
        }
    };
    let message = format!("`{}` is not a route of a REST API", route.key);
    reader.add(Finding::new(Code::WrongRoute, route.span, message).help(help));
    false
}

/// Whether a route answers `GET` of a path.
pub(super) fn answers(key: &str, path: &str) -> bool {
    let Some((method, pattern)) = key.split_once(' ') else { return key == "$default" };
    if !matches!(method, "ANY" | "GET") {
        return false;
    }
    let mut given = path.split('/');
    for part in pattern.split('/') {
        match (part.starts_with('{'), part.ends_with("+}"), given.next()) {
            // Greedy: it takes the rest, and there must be one.
            (true, true, Some(rest)) => return !rest.is_empty(),
            (true, false, Some(value)) if !value.is_empty() => {}
            (false, _, Some(value)) if value == part => {}
            _ => return false,
        }
    }
    given.next().is_none()
}

/// What is wrong with a path, in words for its help.
pub(super) fn path_of(path: &str) -> Result<(), String> {
    let Some(rest) = path.strip_prefix('/') else { return Err("its path begins with `/`".to_owned()) };
    if path.len() > 500 {
        return Err("its path is too long".to_owned());
    }
    let segments: Vec<&str> = rest.split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        if segment.is_empty() {
            // `/` alone is the root.
            if segments.len() > 1 {
                return Err("its path has an empty part: remove the extra `/`".to_owned());
            }
        } else if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let (name, is_greedy) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
                return Err("a parameter is written `{name}`, with letters, digits and `. _ -`".to_owned());
            }
            if is_greedy && !is_last {
                return Err(format!("`{{{name}+}}` takes the rest of the path: it must be last"));
            }
        } else if !segment.chars().all(|c| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c)) {
            return Err("its path has a character that no path has".to_owned());
        }
    }
    Ok(())
}
