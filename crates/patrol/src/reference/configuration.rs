//! docs/reference/configuration.md: every key of the configuration file.

use model::params::Params;
use serde_json::{Map, Value};

use super::{MADE, code, params_table, table};
use crate::config::{Collector, schema};

pub(super) fn page() -> String {
    let top = schema::TOP.map(|(name, doc)| [code(name), doc.to_string()]);
    let prometheus = schema::prometheus_settings();
    let about = prometheus["description"].as_str().unwrap_or_default();
    let target = schema::target_settings();
    let about_target = target["description"].as_str().unwrap_or_default().replace('\n', " ");
    let kept: String = schema::profile_settings()
        .iter()
        .map(|(name, of)| format!("## profiles.{name}\n\n{}\n", params_table(of)))
        .collect();
    let inspections: Vec<String> = inspections::ALL.iter().map(|i| inspection(i.card())).collect();
    format!(
        "{MADE}# Keys of patrol.yaml\n\n\
         How to write one is told in [the guide](../configuration.md). Editors read\n\
         [config.schema.json](config.schema.json), which `patrol config schema` prints.\n\n{}\n\
         ## sources.NAME.prometheus\n\n{about}\n\n{}\n\
         ## sources.NAME.host\n\n{}\n\
         ## collector\n\n{}\n\
         ## profiles.targets\n\nA list. {about_target}\n\n{}\n{kept}{}",
        table(["key", "what it is"], top),
        properties(&prometheus, ""),
        params_table(&schema::host_settings()),
        params_table(&Collector::table()),
        properties(&target, ""),
        inspections.join("\n"),
    )
}

fn inspection(card: &model::seam::Card) -> String {
    format!(
        "## inspections.{0}\n\n{1}\nIts parameters go below `params`; they are in [inspections.md](inspections.md).\n",
        card.id,
        params_table(&schema::inspection_settings(card))
    )
}

/// A table of the properties of a schema, those of groups within it included.
fn properties(schema: &Value, prefix: &str) -> String {
    table(["key", "kind", "default", "what it is"], rows(schema, prefix))
}

fn rows(schema: &Value, prefix: &str) -> Vec<[String; 4]> {
    let none = Map::new();
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|r| r == name));
    let mut properties: Vec<_> = schema["properties"].as_object().unwrap_or(&none).iter().collect();
    properties.sort_by_key(|(name, _)| !is_required(name));
    let mut rows = Vec::new();
    for (name, property) in properties {
        let group = group(property);
        let key = format!("{prefix}{name}");
        let required = is_required(name);
        let default = match &property["default"] {
            Value::Null if required => "required".into(),
            Value::Null => "none".into(),
            Value::String(text) => code(text),
            Value::Object(map) if map.is_empty() => "none".into(),
            other => code(&other.to_string()),
        };
        rows.push([code(&key), kind(property).into(), default, sentence(property)]);
        if let Some(group) = group {
            rows.extend(self::rows(group, &format!("{key}.")));
        }
    }
    rows
}

/// The schema of a group of further keys, which may be nothing.
fn group(property: &Value) -> Option<&Value> {
    let choices = property["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    std::iter::once(property).chain(choices).find(|schema| schema["properties"].is_object())
}

fn kind(property: &Value) -> &'static str {
    let of = |word: &str| {
        property["type"] == word || property["type"].as_array().is_some_and(|t| t.iter().any(|t| t == word))
    };
    match () {
        () if group(property).is_some() => "group",
        () if property["oneOf"].is_array() || property["enum"].is_array() => "one of",
        () if of("boolean") => "true/false",
        () if of("integer") => "count",
        () if of("number") => "number",
        () if of("array") => "list",
        () if of("object") => "map",
        () => "text",
    }
}

/// Its documentation, and the words it may be with theirs.
fn sentence(property: &Value) -> String {
    let text = |value: &Value| value["description"].as_str().unwrap_or_default().replace('\n', " ");
    let words = property["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words = words.iter().filter_map(|w| Some(format!(" `{}`: {}", w["const"].as_str()?, text(w))));
    text(property) + &words.collect::<String>()
}
