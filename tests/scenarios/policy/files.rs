//! Policy files, right and wrong. `UPDATE_GOLDEN=1` writes the messages anew; read the difference.

use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn every_valid_policy_loads() {
    for path in files_in("tests/policies/valid", "yaml") {
        if let Err(error) = policy::load(path.to_str().unwrap()) {
            panic!("{error}");
        }
    }
}

#[test]
fn every_invalid_policy_is_refused_with_its_message() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for path in files_in("tests/policies/invalid", "yaml") {
        let message = match policy::load(path.to_str().unwrap()) {
            Ok(_) => panic!("{} loads", path.display()),
            Err(error) => format!("{error}\n"),
        };
        let golden = path.with_extension("stderr");
        if update {
            std::fs::write(&golden, &message).unwrap();
        }
        assert_eq!(message, std::fs::read_to_string(&golden).unwrap_or_default(), "{}", golden.display());
    }
}

#[test]
fn a_name_that_is_no_profile_says_which_there_are() {
    let message = policy::load("documentd").unwrap_err().to_string();
    assert!(message.contains("`documented`"), "{message}");
}

#[test]
fn r60_a_policy_that_anyone_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.yaml");
    std::fs::copy("tests/policies/valid/minimal.yaml", &file).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    let message = policy::load(file.to_str().unwrap()).unwrap_err().to_string();
    assert!(message.contains("chmod o-w"), "{message}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(policy::load(file.to_str().unwrap()).is_ok());
}

#[test]
fn r60_a_schema_that_anyone_may_write_to_is_refused() {
    let (folder, file) = with_schemas();
    let schema = folder.path().join("schemas/point.json");
    std::fs::set_permissions(schema, std::fs::Permissions::from_mode(0o646)).unwrap();
    let message = policy::load(file.to_str().unwrap()).unwrap_err().to_string();
    assert!(message.contains("schemas/point.json") && message.contains("chmod o-w"), "{message}");
}

#[test]
fn r60_a_schema_outside_of_the_policy_s_folder_is_refused() {
    let (folder, file) = with_schemas();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("point.json");
    let schema = folder.path().join("schemas/point.json");
    std::fs::rename(&schema, &target).unwrap();
    symlink(&target, &schema).unwrap();
    let message = policy::load(file.to_str().unwrap()).unwrap_err().to_string();
    assert!(message.contains("leads out of the policy's folder"), "{message}");
}

/// As a Kubernetes ConfigMap is mounted: every file a link into a hidden folder beside it.
#[test]
fn a_policy_mounted_from_a_config_map_loads() {
    let (folder, file) = with_schemas();
    let hidden = folder.path().join("..data");
    std::fs::create_dir(&hidden).unwrap();
    for name in ["everything.yaml", "schemas"] {
        std::fs::rename(folder.path().join(name), hidden.join(name)).unwrap();
        symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
    }
    assert!(policy::load(file.to_str().unwrap()).is_ok());
}

#[test]
fn a_folder_or_a_device_is_no_policy() {
    let message = policy::load("/dev/null").unwrap_err().to_string();
    assert!(message.contains("not a regular file"), "{message}");
    assert!(policy::load("./tests").is_err());
}

fn with_schemas() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("schemas")).unwrap();
    for name in ["everything.yaml", "schemas/points.json", "schemas/point.json"] {
        std::fs::copy(Path::new("tests/policies/valid").join(name), folder.path().join(name)).unwrap();
    }
    let file = folder.path().join("everything.yaml");
    (folder, file)
}
