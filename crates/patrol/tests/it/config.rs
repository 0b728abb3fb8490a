//! The configuration file: what is accepted, and how every mistake is told.

use std::fs;
use std::path::{Path, PathBuf};

use patrol::cli::Common;
use patrol::config::{Config, ConfigError, Origin, ProfilesFrom, SourceKind};

/// The files of a folder of configurations, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(folder);
    let mut all: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(all.len() > 4);
    all
}

/// Reads a file as if it stood in the working directory, so that errors name no machine.
fn read(path: &Path) -> Result<Config, ConfigError> {
    Config::parse(&fs::read_to_string(path).unwrap(), Path::new("patrol.yaml"))
}

#[test]
fn every_good_file_is_fine() {
    for path in files("good") {
        read(&path).unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
    }
}

/// The message with long lists of known names cut out: parameters and signals are added more often than rules change.
fn shortened(text: String) -> String {
    let params = inspections::ALL.iter().map(|i| i.params().iter().map(|p| p.name).collect::<Vec<_>>());
    let signals = model::signal::Signal::ALL.iter().map(|s| s.name()).collect();
    params.chain([signals]).fold(text, |text, names| text.replace(&names.join(", "), "..."))
}

/// The snapshots are the messages people see; a file's name says what is wrong with it.
#[test]
fn every_bad_file_is_refused_in_words() {
    for path in files("bad") {
        let error = read(&path).err().unwrap_or_else(|| panic!("{} is accepted", path.display()));
        let text = shortened(error.to_string());
        assert!(!text.contains("s3cr3t"), "{text}");
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::with_settings!({ snapshot_path => "../configs/messages", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn a_file_sets_what_it_names_and_nothing_else() {
    let config = read(&files("good").into_iter().find(|p| p.ends_with("everything.yaml")).unwrap()).unwrap();
    let names: Vec<&str> = config.sources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!((names, config.data_dir()), (vec!["prom-hk", "here"], Path::new("data")));
    assert_eq!((config.collector.max_series, config.inspections_set()), (10_000, 1));
    let leak = config.inspection("host-memory-leak").unwrap();
    assert_eq!((leak.enabled, leak.sources.join(" "), leak.window.to_string()), (true, "prom-hk".into(), "1d".into()));
    let settings = leak.param_settings();
    let shown = |name: &str| {
        let setting = settings.iter().find(|s| s.param.name == name).unwrap();
        format!("{:?} from {}", setting.value, setting.origin)
    };
    assert_eq!(shown("hosts"), r#""10.0.0.1\n10.0.0.2" from patrol.yaml:21"#);
    assert_eq!(shown("season"), r#""1d" from default"#);
    assert!(leak.inspection.values(&leak.params).is_ok());
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = "sources:\n  a: { prometheus: { url: http://h, token_file: t } }\n  b: { host: { data_dir: d } }\n  c: { host: }\n\
                collector: { data_dir: /var/data }\n";
    let config = Config::parse(text, Path::new("/etc/patrol/patrol.yaml")).unwrap();
    let place = |name: &str| match &config.source(name).unwrap().kind {
        SourceKind::Prometheus(settings) => settings.token_file.clone().unwrap(),
        SourceKind::Host { data_dir } => data_dir.clone(),
    };
    assert_eq!(place("a"), Path::new("/etc/patrol/t"));
    assert_eq!(place("b"), Path::new("/etc/patrol/d"));
    assert_eq!(place("c"), Path::new("/var/data"));
}

#[test]
fn programs_with_profiles_are_read_with_their_defaults() {
    let text = fs::read_to_string(files("good").iter().find(|p| p.ends_with("programs-with-profiles.yaml")).unwrap());
    let config = Config::parse(&text.unwrap(), Path::new("/etc/patrol/patrol.yaml")).unwrap();
    let [rancher, api, saved] = &config.profiles.targets[..] else { panic!("{:?}", config.profiles) };
    assert_eq!((rancher.every.to_string(), rancher.goroutines, api.goroutines), ("5m".into(), true, false));
    assert_eq!(rancher.process.labels().collect::<Vec<_>>(), [("host", "10.0.0.5"), ("process", "rancher")]);
    assert_eq!(api.origin.to_string(), "/etc/patrol/patrol.yaml:6");
    let ProfilesFrom::Endpoint(settings) = &api.from else { panic!("{api:?}") };
    assert_eq!(settings.ca_file.as_deref(), Some(Path::new("/etc/patrol/tls/ca.pem")));
    let password = &settings.basic_auth.as_ref().unwrap().password_file;
    assert_eq!(password, Path::new("/etc/patrol/secrets/api.password"));
    assert_eq!(
        (settings.gc, settings.max_bytes.to_string(), settings.max_uncompressed.bytes()),
        (false, "1GiB".into(), 8 << 30)
    );
    let ProfilesFrom::Files(saved) = &saved.from else { panic!("{saved:?}") };
    assert_eq!(saved[..], ["/etc/patrol/dumps", "/etc/patrol/dumps/last/heap.pb.gz"].map(PathBuf::from));
    assert_eq!((config.profiles.keep.count, config.profiles.keep.age.to_string()), (100, "30d".into()));
}

#[test]
fn without_a_file_the_local_store_is_the_only_source() {
    let dir = tempfile::tempdir().unwrap();
    let common = Common { config: None, data_dir: Some(dir.path().into()) };
    // The tests run in the crate's directory, which has no configuration.
    let config = Config::discover(&common).unwrap();
    assert_eq!(config.file, None);
    let [source] = &config.sources[..] else { panic!("{:?}", config.sources) };
    assert_eq!((source.name.as_str(), &source.origin), ("here", &Origin::Default));
    assert!(matches!(&source.kind, SourceKind::Host { data_dir } if data_dir == dir.path()));
}

#[test]
fn a_data_directory_on_the_command_line_goes_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("patrol.yaml");
    fs::write(&file, "collector: { data_dir: a }\nsources: { x: { host: }, y: { host: { data_dir: own } } }\n")
        .unwrap();
    let given = PathBuf::from("/given");
    let config = Config::discover(&Common { config: Some(file), data_dir: Some(given.clone()) }).unwrap();
    let place = |name: &str| match &config.source(name).unwrap().kind {
        SourceKind::Host { data_dir } => data_dir.clone(),
        SourceKind::Prometheus(_) => panic!("{name} is a host"),
    };
    assert_eq!((config.data_dir(), place("x"), place("y")), (given.as_path(), given.clone(), dir.path().join("own")));
}

#[test]
fn files_that_cannot_be_read_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let told = |path: &Path| Config::load(path).unwrap_err().to_string();
    assert!(told(&dir.path().join("none.yaml")).contains("cannot be read: No such file"));
    assert!(told(dir.path()).contains("cannot be read: Is a directory"));
    let file = dir.path().join("latin1.yaml");
    fs::write(&file, b"sources:\n  # f\xfcr\n").unwrap();
    assert!(told(&file).ends_with("is not UTF-8 text in line 2"));
    fs::write(&file, vec![b'#'; (4 << 20) + 1]).unwrap();
    assert!(told(&file).ends_with("is longer than 4 MiB, which no configuration is"));
}

proptest::proptest! {
    /// Whatever a file holds, the answer is a configuration or an error about a line it has.
    #[test]
    fn no_text_brings_the_reader_down(text in "[ a-c:\n\\-\\[\\]{},&*!|>'\"#?\t]{0,80}|(sources|collector|profiles|inspections):\\PC{0,60}") {
        if let Err(error) = Config::parse(&text, Path::new("patrol.yaml")) {
            proptest::prop_assert!(!error.problems.is_empty() && !error.to_string().is_empty());
        }
    }
}

/// The guide is run as written: its files are read, its commands are tried by the tidy tests.
#[test]
fn every_example_of_the_guide_is_fine() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let text = fs::read_to_string(guide).unwrap();
    let examples: Vec<&str> = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 3);
    for example in examples {
        Config::parse(example, Path::new("patrol.yaml")).unwrap_or_else(|error| panic!("{example}\n{error}"));
    }
}
