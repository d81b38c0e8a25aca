//! The configuration: defaults, then a file, then the environment (`KHAACHO_…`), then flags.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use db::DatabaseUrl;
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

/// The secrets of the simulator. They open nothing: in simulator mode the server talks to its own fake only.
pub const SIMULATOR_APP_SECRET: &str = "khaacho-simulator";
/// The phone number id of the simulator.
pub const SIMULATOR_PHONE_NUMBER_ID: &str = "100000000000001";

/// The keys whose values are texts, whatever they look like.
const TEXTS: &[&str] = &[
    "database",
    "listen",
    "token_secret",
    "whatsapp_app_secret",
    "whatsapp_verify_token",
    "whatsapp_access_token",
    "whatsapp_phone_number_id",
    "whatsapp_api",
    "metrics_token",
    "log_format",
];

/// The file that is read where none is named.
const USUAL_FILE: &str = "khaacho.toml";

/// Everything that can be set. Unknown keys are refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// `ADDRESS:PORT`.
    pub listen: String,
    /// Signs access tokens; at least 32 characters. Made anew at each start where it is left out, which signs everyone
    /// out.
    pub token_secret: Option<String>,
    /// Answers WhatsApp by a fake inside the server, for trying out. Never talks to the network.
    pub simulator: bool,
    /// The app secret that signs webhooks. Required outside simulator mode.
    pub whatsapp_app_secret: Option<String>,
    /// The token of the webhook's verification handshake.
    pub whatsapp_verify_token: Option<String>,
    /// The token that sends messages.
    pub whatsapp_access_token: Option<String>,
    /// The number that sends messages.
    pub whatsapp_phone_number_id: Option<String>,
    /// The Graph API, with its version.
    pub whatsapp_api: Option<String>,
    /// Runs queues and schedules in this process.
    pub background: bool,
    /// Statements that take this many milliseconds are logged.
    pub slow_statement_ms: u64,
    /// Requests in work at once; more are answered 503.
    pub most_requests: usize,
    /// `text` or `json`.
    pub log_format: String,
    /// Who has it may read `/metrics` from anywhere; without one it is shown on the machine itself.
    pub metrics_token: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: "sqlite:khaacho.db".to_owned(),
            listen: "127.0.0.1:8080".to_owned(),
            token_secret: None,
            simulator: false,
            whatsapp_app_secret: None,
            whatsapp_verify_token: None,
            whatsapp_access_token: None,
            whatsapp_phone_number_id: None,
            whatsapp_api: None,
            background: true,
            slow_statement_ms: 200,
            most_requests: 2_048,
            log_format: "text".to_owned(),
            metrics_token: None,
        }
    }
}

/// The flags that every command has.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CommonFlags {
    /// The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME [environment: KHAACHO_DATABASE]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Where to listen [environment: KHAACHO_LISTEN]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The configuration file; khaacho.toml where there is one [environment: KHAACHO_CONFIG]
    #[arg(long, global = true, value_name = "FILE", env = "KHAACHO_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// An unknown key, a value of the wrong type, a file that was named and cannot be read.
    pub fn load(flags: &CommonFlags) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        match &flags.config {
            Some(file) if !file.is_file() => bail!("the configuration file {} cannot be read", file.display()),
            Some(file) => figment = figment.merge(Toml::file_exact(file)),
            None if Path::new(USUAL_FILE).is_file() => figment = figment.merge(Toml::file_exact(USUAL_FILE)),
            None => {}
        }
        figment = figment.merge(Env::prefixed("KHAACHO_").ignore(&["config"]).ignore(TEXTS));
        // A secret or a number of WhatsApp's may look like a number; it is a text all the same.
        for key in TEXTS {
            if let Ok(value) = std::env::var(format!("KHAACHO_{}", key.to_uppercase())) {
                figment = figment.merge((*key, value));
            }
        }
        if let Some(database) = &flags.database {
            figment = figment.merge(("database", database));
        }
        if let Some(listen) = &flags.listen {
            figment = figment.merge(("listen", listen));
        }
        figment.extract().context("the configuration is not right")
    }

    /// The database that is meant.
    pub fn database_url(&self) -> anyhow::Result<DatabaseUrl> {
        self.database.parse().map_err(anyhow::Error::msg)
    }

    /// Where to listen.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        let wrong =
            || format!("{:?} is no place to listen at: ADDRESS:PORT is expected, like 127.0.0.1:8080", self.listen);
        self.listen.parse().with_context(wrong)
    }

    /// How the database is opened.
    pub fn database_options(&self, access: db::Access) -> db::Options {
        let slow_statement = std::time::Duration::from_millis(self.slow_statement_ms);
        db::Options { access, slow_statement, ..db::Options::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "database = \"sqlite:a.db\"\nlisten = \"127.0.0.1:1\"\n").unwrap();
        let flags = CommonFlags {
            config: Some(file.path().to_owned()),
            listen: Some("127.0.0.1:2".to_owned()),
            database: None,
        };
        let config = Config::load(&flags).unwrap();
        assert_eq!((config.database.as_str(), config.listen.as_str()), ("sqlite:a.db", "127.0.0.1:2"));
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "datbase = \"sqlite:a.db\"\n").unwrap();
        let flags = CommonFlags { config: Some(file.path().to_owned()), ..CommonFlags::default() };
        let error = format!("{:#}", Config::load(&flags).unwrap_err());
        assert!(error.contains("datbase"), "{error}");
    }
}
