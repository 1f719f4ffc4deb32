//! Whatever the login shell is, and whatever it prints: the first stage runs.

use super::called;
use super::server::Server;
use super::user::User;

/// Login shells, and where each reads what it does first.
const SHELLS: [(&str, &str); 6] = [
    ("/bin/sh", ".profile"),
    ("/bin/bash", ".bashrc"),
    ("/usr/bin/zsh", ".zshenv"),
    ("/bin/tcsh", ".tcshrc"),
    ("/usr/bin/fish", ".config/fish/config.fish"),
    ("/bin/mksh", ".mkshrc"),
];

#[test]
fn start_files_that_print_and_a_long_banner() {
    let server = Server::with("Banner @/banner");
    let line = "Whoever enters here without leave will be prosecuted. ZYMOGEN is not here!\n";
    server.write("banner", &line.repeat(300));
    for (shell, file) in SHELLS {
        assert!(
            std::path::Path::new(shell).exists(),
            "this test needs {shell}: install it"
        );
        let user = User::new(shell, "");
        let file = user.home.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let noise = "echo 'welcome to this machine'\necho 'ZYMOGEN is fun'\n";
        std::fs::write(&file, noise.repeat(100)).unwrap();
        user.own();
        let spec = server.way(&user.name, &format!("identity={}", server.key()));
        // Without the image, and with it.
        called(&spec, &[]);
        called(&spec, &[]);
        let cache = user.home.path().join(".cache/zymogen");
        let images = std::fs::read_dir(cache).unwrap().flatten();
        let images = images.filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with("zymogen-slave-")
        });
        assert_eq!(images.count(), 1, "{shell}");
    }
}
