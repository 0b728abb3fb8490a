//! Secrets and certificates, which stand in files and are read again each time they are needed.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::Failure;

/// User name and password of HTTP basic authentication.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// User name.
    pub username: String,
    /// File with the password. Read again at each request.
    pub password_file: PathBuf,
}

/// What a file holds.
pub(super) async fn contents(setting: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    tokio::fs::read(path).await.map_err(|e| {
        Failure::new(format!("cannot read `{setting}` {}: {e}", path.display()))
            .hint("check that the file is there and that the user Patrol runs as may read it")
    })
}

/// The secret in a file, without the line end after it.
pub(super) async fn secret(setting: &str, path: &Path) -> Result<SecretString, Failure> {
    let text = String::from_utf8(contents(setting, path).await?)
        .map_err(|_| Failure::new(format!("`{setting}` {} is not text", path.display())))?;
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Err(Failure::new(format!("`{setting}` {} is empty", path.display())));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(Failure::new(format!("`{setting}` {} holds more than one line", path.display())));
    }
    Ok(trimmed.to_string().into())
}
