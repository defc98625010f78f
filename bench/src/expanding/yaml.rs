//! A template as a person writes it: block form, functions by their short forms.

use serde_json::Value;

/// The YAML of a template in JSON's form.
pub(super) fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(map) if map.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(map) => {
            if let (1, Some((name, given))) = (map.len(), map.iter().next())
                && let Some(short) = short(name)
            {
                out.push_str(" !");
                out.push_str(short);
                return write(given, depth, out);
            }
            out.push('\n');
            for (name, value) in map {
                out.push_str(&"  ".repeat(depth));
                out.push_str(&serde_json::Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, depth + 1, out);
            }
        }
        Value::Array(items) => {
            out.push('\n');
            for item in items {
                out.push_str(&"  ".repeat(depth));
                out.push('-');
                write(item, depth + 1, out);
            }
        }
        scalar => {
            out.push(' ');
            out.push_str(&scalar.to_string());
            out.push('\n');
        }
    }
}

fn short(name: &str) -> Option<&str> {
    match name {
        "Ref" => Some("Ref"),
        name => name.strip_prefix("Fn::"),
    }
}
