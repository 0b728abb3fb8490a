//! The JSON schema of the configuration, made from the declarations of what it may hold.

use model::params::{Kind, Param, Params};
use model::seam::Card;
use model::signal::Signal;
use serde_json::{Map, Value, json};
use sources::prometheus;

pub use super::keys::TOP;
use super::keys::{self, Collector, Host, Keep, Limits, PARAMS};
use super::profiles::Written;

/// The schema as text, as `patrol config schema` prints it.
pub fn text() -> String {
    format!("{:#}\n", document())
}

/// The schema (JSON Schema, draft 2020-12).
pub fn document() -> Value {
    let mut properties = Map::new();
    for (name, doc) in TOP {
        let mut part = match name {
            "sources" => sources(),
            "collector" => section(&Collector::table()),
            "profiles" => profiles(),
            _ => inspections(),
        };
        part["description"] = doc.into();
        properties.insert(name.into(), part);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of Patrol (patrol.yaml)",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn sources() -> Value {
    let host = described(section(&host_settings()), "What the embedded collector stored on this host.");
    json!({
        "type": ["object", "null"],
        "propertyNames": { "pattern": "^[A-Za-z0-9._-]{1,63}$" },
        "additionalProperties": {
            "type": "object",
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": { "prometheus": prometheus_settings(), "host": host },
        },
    })
}

/// The settings of a Prometheus source, as their own declaration has them.
pub fn prometheus_settings() -> Value {
    let mut schema = declared::<prometheus::Settings>();
    let names: Vec<&str> = Signal::ALL.iter().map(|s| s.name()).collect();
    if let Some(signals) = schema.pointer_mut("/properties/signals") {
        signals["propertyNames"] = json!({ "enum": names });
    }
    schema
}

/// The settings of a program whose profiles are looked at.
pub fn target_settings() -> Value {
    declared::<Written>()
}

/// How many profiles are kept, and how large they may be.
pub fn profile_settings() -> [(&'static str, Vec<Param>); 2] {
    [("keep", Keep::table()), ("limits", Limits::table())]
}

fn profiles() -> Value {
    let targets = json!({ "type": ["array", "null"], "items": target_settings() });
    let mut properties = json!({ "targets": described(targets, "The programs.") });
    let docs = ["How many of the fetched profiles are kept.", "How large a profile may be; a larger one is refused."];
    for ((name, params), doc) in profile_settings().into_iter().zip(docs) {
        properties[name] = described(section(&params), doc);
    }
    json!({ "type": ["object", "null"], "additionalProperties": false, "properties": properties })
}

/// The schema of settings that are declared with serde.
fn declared<T: schemars::JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
    }
    schema
}

/// The settings of a source that reads what the embedded collector stored.
pub fn host_settings() -> Vec<Param> {
    Host::table()
}

/// The keys every inspection has, with this one's defaults.
pub fn inspection_settings(card: &Card) -> Vec<Param> {
    keys::of_inspection(card)
}

fn inspections() -> Value {
    let mut properties = Map::new();
    for inspection in inspections::ALL {
        let card = inspection.card();
        let mut settings = section(&inspection_settings(card));
        settings["properties"][PARAMS] = described(section(&inspection.params()), "Its own parameters.");
        properties.insert(card.id.into(), described(settings, card.title));
    }
    json!({ "type": ["object", "null"], "additionalProperties": false, "properties": properties })
}

fn described(mut schema: Value, doc: &str) -> Value {
    schema["description"] = doc.into();
    schema
}

/// A section that holds these parameters and nothing else.
fn section(params: &[Param]) -> Value {
    let properties: Map<String, Value> = params.iter().map(|p| (p.name.to_string(), property(p))).collect();
    json!({ "type": ["object", "null"], "additionalProperties": false, "properties": properties })
}

fn property(param: &Param) -> Value {
    let mut schema = match param.kind {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Count => json!({ "type": "integer", "minimum": 0 }),
        Kind::Duration => json!({
            "type": "string",
            "pattern": "^(0|([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
        }),
        Kind::Size => json!({ "type": ["string", "integer"], "pattern": "^[0-9.]+ ?([KMGT]iB|[kMGT]B|B)?$" }),
        Kind::Text | Kind::Matchers => json!({ "type": "string" }),
        Kind::List => json!({ "type": ["string", "array"], "items": { "type": ["string", "number"] } }),
    };
    schema["description"] = param.doc.into();
    schema["default"] = default(param);
    schema
}

/// The default as its kind is written in JSON.
fn default(param: &Param) -> Value {
    let text = || Value::from(param.default.as_str());
    match param.kind {
        Kind::Flag | Kind::Number | Kind::Count => serde_json::from_str(&param.default).unwrap_or_else(|_| text()),
        Kind::List => param.default.lines().collect(),
        Kind::Duration | Kind::Size | Kind::Text | Kind::Matchers => text(),
    }
}

/// The word for a kind of value, for people.
pub fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag => "true/false",
        Kind::Number => "number",
        Kind::Count => "count",
        Kind::Duration => "duration",
        Kind::Size => "size",
        Kind::Text => "text",
        Kind::List => "list",
        Kind::Matchers => "conditions",
    }
}
