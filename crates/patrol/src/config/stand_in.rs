//! Stands in for the settings of a Prometheus server.

/// Settings.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address.
    pub url: String,
    /// Token.
    pub token_file: Option<std::path::PathBuf>,
}
