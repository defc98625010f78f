//! The managed runtimes of Lambda, and how each finds a handler.

use std::fmt;
use std::rc::Rc;

use source::Code;
use source::Finding;
use source::Node;
use source::Spanned;
use source::{Reader, closest};

/// A runtime that Lambda makes functions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runtime {
    name: &'static str,
    family: Family,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Python,
    Node,
    Ruby,
    Java,
    Dotnet,
    Provided,
}

use Family::{Dotnet, Java, Node as NodeJs, Provided, Python, Ruby};

/// What Lambda supports today (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, November 2026), the
/// newest of each family last.
const SUPPORTED: &[(&str, Family)] = &[
    ("python3.11", Python),
    ("python3.12", Python),
    ("python3.13", Python),
    ("python3.14", Python),
    ("nodejs22.x", NodeJs),
    ("nodejs24.x", NodeJs),
    ("java11", Java),
    ("java17", Java),
    ("java21", Java),
    ("java25", Java),
    ("dotnet10", Dotnet),
    ("ruby3.3", Ruby),
    ("ruby3.4", Ruby),
    ("provided.al2", Provided),
    ("provided.al2023", Provided),
];

/// What it no longer supports, with what comes after.
const DEPRECATED: &[(&str, &str)] = &[
    ("python2.7", "python3.14"),
    ("python3.6", "python3.14"),
    ("python3.7", "python3.14"),
    ("python3.8", "python3.14"),
    ("python3.9", "python3.14"),
    ("python3.10", "python3.14"),
    ("nodejs", "nodejs24.x"),
    ("nodejs4.3", "nodejs24.x"),
    ("nodejs6.10", "nodejs24.x"),
    ("nodejs8.10", "nodejs24.x"),
    ("nodejs10.x", "nodejs24.x"),
    ("nodejs12.x", "nodejs24.x"),
    ("nodejs14.x", "nodejs24.x"),
    ("nodejs16.x", "nodejs24.x"),
    ("nodejs18.x", "nodejs24.x"),
    ("nodejs20.x", "nodejs24.x"),
    ("java8", "java25"),
    ("java8.al2", "java25"),
    ("dotnetcore1.0", "dotnet10"),
    ("dotnetcore2.0", "dotnet10"),
    ("dotnetcore2.1", "dotnet10"),
    ("dotnetcore3.1", "dotnet10"),
    ("dotnet6", "dotnet10"),
    ("dotnet8", "dotnet10"),
    ("ruby2.5", "ruby3.4"),
    ("ruby2.7", "ruby3.4"),
    ("ruby3.2", "ruby3.4"),
    ("go1.x", "provided.al2023"),
    ("provided", "provided.al2023"),
];

impl Runtime {
    /// The names of all.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        SUPPORTED.iter().map(|(name, _)| *name)
    }

    /// As Lambda names it.
    pub fn as_str(self) -> &'static str {
        self.name
    }

    /// The runtime of that name, if Lambda supports it.
    pub fn named(name: &str) -> Option<Self> {
        SUPPORTED.iter().find(|(known, _)| *known == name).map(|(name, family)| Self { name, family: *family })
    }

    /// The files of which one must be there for `handler` to be found; empty where that cannot be told from names.
    pub fn handler_files(self, handler: &str) -> Vec<String> {
        let module = handler.rsplit_once('.').map_or(handler, |(module, _)| module);
        match self.family {
            Python => {
                let path = module.replace('.', "/");
                vec![format!("{path}.py"), format!("{path}/__init__.py")]
            }
            NodeJs => ["js", "mjs", "cjs"].iter().map(|ending| format!("{module}.{ending}")).collect(),
            Ruby => vec![format!("{module}.rb")],
            Provided => vec!["bootstrap".to_owned()],
            Java | Dotnet => Vec::new(),
        }
    }

    /// How a handler is written, for messages.
    pub fn handler_form(self) -> &'static str {
        match self.family {
            Python => "`module.function`: `handler.handle` is `def handle` in `handler.py`",
            NodeJs => "`file.export`: `index.handler` is `exports.handler` in `index.js`",
            Ruby => "`file.method`: `function.handler` is `def handler` in `function.rb`",
            Java => "`package.Class::method`",
            Dotnet => "`Assembly::Namespace.Class::Method`",
            Provided => "as its executable understands it, and the executable is the file `bootstrap`",
        }
    }

    fn takes(self, handler: &str) -> bool {
        let is_path = |path: &str| {
            !path.is_empty()
                && !path.starts_with(['/', '.'])
                && !path.ends_with('.')
                && !path.contains("..")
                && !path.contains("//")
                && path.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
        };
        let is_word =
            |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
        let is_short = !handler.is_empty() && handler.len() <= 128 && !handler.contains(char::is_whitespace);
        is_short
            && match self.family {
                Python | NodeJs => handler.rsplit_once('.').is_some_and(|(path, word)| is_path(path) && is_word(word)),
                Ruby => handler.split_once('.').is_some_and(|(path, word)| is_path(path) && !word.is_empty()),
                Java => handler.split("::").all(|part| !part.is_empty()),
                Dotnet => handler.split("::").filter(|part| !part.is_empty()).count() == 3 || !handler.contains("::"),
                Provided => true,
            }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The runtime that `node` names.
pub(super) fn runtime(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Spanned<Runtime>> {
    let text = reader.text(node, "`runtime`")?;
    if let Some(runtime) = Runtime::named(&text.value) {
        return Some(Spanned::new(runtime, text.span));
    }
    let deprecated = DEPRECATED.iter().find(|(name, _)| *name == text.value);
    let (message, help) = match deprecated {
        Some((name, successor)) => {
            (format!("Lambda no longer supports the runtime `{name}`"), format!("move to `{successor}`"))
        }
        None => {
            let message = format!("Lambda has no runtime `{}`", text.value);
            let help = match closest(&text.value, SUPPORTED.iter().map(|(name, _)| *name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let names: Vec<&str> = SUPPORTED.iter().map(|(name, _)| *name).collect();
                    format!("it has {}", source::listed(&names, "and"))
                }
            };
            (message, help)
        }
    };
    reader.add(Finding::new(Code::UnknownRuntime, text.span, message).help(help));
    None
}

/// The handler that `node` names, for `runtime`, where that is known.
pub(super) fn handler(reader: &mut Reader<'_>, node: &Rc<Node>, runtime: Option<Runtime>) -> Option<Spanned<String>> {
    let text = reader.text(node, "`handler`")?;
    let Some(runtime) = runtime else { return Some(text) };
    if runtime.takes(&text.value) {
        return Some(text);
    }
    let message = format!("`{}` is not a handler of `{runtime}`", text.value);
    let help = format!("a handler of `{runtime}` is written {}", runtime.handler_form());
    reader.add(Finding::new(Code::WrongHandler, text.span, message).help(help));
    None
}
