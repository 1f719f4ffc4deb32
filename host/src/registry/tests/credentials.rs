//! What `docker login` leaves, and what else may be there.

use super::Scratch;
use crate::registry::credentials::find;
use oci_client::secrets::RegistryAuth;

async fn found(config: &str, host: &str) -> Result<RegistryAuth, String> {
    let scratch = Scratch::new();
    find(&scratch.file("config.json", config), host).await
}

fn ada() -> RegistryAuth {
    RegistryAuth::Basic("ada".to_owned(), "se:cret".to_owned())
}

/// `ada:se:cret`.
const AUTH: &str = r#"{"auth": "YWRhOnNlOmNyZXQ="}"#;

#[tokio::test]
async fn a_registry_gets_its_own_credentials_and_no_others() {
    for key in [
        "localhost:5000",
        "https://localhost:5000",
        "http://localhost:5000/v1/",
    ] {
        let config = format!(
            r#"{{"auths": {{"other.org": {{"auth": "eDp5"}}, "{key}": {AUTH}}}, "more": 1}}"#
        );
        assert_eq!(found(&config, "localhost:5000").await, Ok(ada()));
        for other in ["localhost", "localhost:50", "localhost:5000.org"] {
            assert_eq!(found(&config, other).await, Ok(RegistryAuth::Anonymous));
        }
    }
}

#[tokio::test]
async fn dockers_own_registry_has_another_name_there() {
    let config = format!(r#"{{"auths": {{"https://index.docker.io/v1/": {AUTH}}}}}"#);
    assert_eq!(found(&config, "docker.io").await, Ok(ada()));
}

#[tokio::test]
async fn whoever_did_not_log_in_is_nobody() {
    for config in ["{}", r#"{"auths": {"localhost": {}}}"#] {
        assert_eq!(
            found(config, "localhost").await,
            Ok(RegistryAuth::Anonymous)
        );
    }
    let nowhere = std::path::Path::new("/nonexistent/config.json");
    assert_eq!(
        find(nowhere, "localhost").await,
        Ok(RegistryAuth::Anonymous)
    );
}

#[tokio::test]
async fn what_cannot_be_used_is_told_without_being_quoted() {
    for config in [
        r#"{"auths": {"localhost": "hunter2"}}"#,
        r#"{"auths": {"localhost": {"auth": "hunter2"}}}"#,
        r#"{"auths": {"localhost": {"auth": "aHVudGVyMg=="}}}"#,
        r#"{"auths": {"localhost": {"auth": "YTpi", "identitytoken": "hunter2"}}}"#,
        r#"{"credsStore": "../hunter2"}"#,
        r#"{"credsStore": "no-such-helper-of-docker"}"#,
        "hunter2",
    ] {
        let why = found(config, "localhost").await.unwrap_err();
        assert!(
            !why.contains("hunter2") && !why.contains("aHVudGVyMg"),
            "{why}"
        );
    }
}
