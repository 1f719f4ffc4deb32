//! The macro that turns a WIT file and a function into a component.

/// Makes the crate a task: generates the types of its WIT and exports its function `run`.
///
/// The WIT declares an `interface task` with a `run` function of the shape that `zymogen:task/types` describes, and
/// a world which includes `zymogen:task/imports@0.1.0` and exports `task`. The interface's types (`Params`,
/// `Report`, `Mode`, `Outcome`, `Failure` and those of its own) are in scope where the macro stands, and so must be
/// `fn run(params: Params, mode: Mode) -> Result<Report, Failure>`.
///
/// With the WIT in a file, relative to the crate's `Cargo.toml`:
///
/// ```text
/// guest_sdk::task! {
///     wit: "wit/task.wit",
///     world: "zymogen:std-file/file",
///     exports: zymogen::std_file,
/// }
/// ```
///
/// or in place, with a single world: `inline: r"package ...", exports: my::package`. `exports` is the WIT package's
/// name as Rust spells it.
///
/// The world may import interfaces of other modules, too: their packages stand in the same WIT, as nested ones, and their functions are
/// below `bindings`, as in `bindings::acme::stock::lookup::count("bolts")`.
///
/// The component carries the WIT's text in a custom section named `zymogen:wit`, for a component's type has no
/// comments and people want to read them.
#[macro_export]
macro_rules! task {
    (wit: $file:literal, world: $world:literal, exports: $namespace:ident :: $package:ident $(,)?) => {
        $crate::__with_contract! { file $file $world $namespace $package }
    };
    (inline: $wit:literal, exports: $namespace:ident :: $package:ident $(,)?) => {
        $crate::__with_contract! { inline $wit $namespace $package }
    };
}

/// What [`task!`] becomes once it knows the folder of the contract's WIT.
#[doc(hidden)]
#[macro_export]
macro_rules! __task {
    (contract $contract:literal file $file:literal $world:literal $namespace:ident $package:ident) => {
        $crate::__bindings! { path: [$contract, $file], world: $world, }
        $crate::__embed! { include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $file)) }
        $crate::__export! { $namespace $package }
    };
    (contract $contract:literal inline $wit:literal $namespace:ident $package:ident) => {
        $crate::__bindings! { path: [$contract], inline: $wit, }
        $crate::__embed! { $wit }
        $crate::__export! { $namespace $package }
    };
}

/// Generates the module's own types; those of the contract are the SDK's.
#[doc(hidden)]
#[macro_export]
macro_rules! __bindings {
    ($($source:tt)*) => {
        #[allow(missing_docs, unused_qualifications)]
        #[cfg_attr(not(target_family = "wasm"), allow(dead_code, unused_imports))]
        mod bindings {
            $crate::wit_bindgen::generate!({
                $($source)*
                runtime_path: "guest_sdk::wit_bindgen::rt",
                additional_derives: [PartialEq],
                // What is imported from other modules.
                generate_all,
                with: {
                    "zymogen:task/types@0.1.0": ::guest_sdk::bindings::zymogen::task::types,
                    "zymogen:task/grants@0.1.0": ::guest_sdk::bindings::zymogen::task::grants,
                    "zymogen:task/log@0.1.0": ::guest_sdk::bindings::zymogen::task::log,
                    "zymogen:task/progress@0.1.0": ::guest_sdk::bindings::zymogen::task::progress,
                    "zymogen:task/command@0.1.0": ::guest_sdk::bindings::zymogen::task::command,
                    "zymogen:task/files@0.1.0": ::guest_sdk::bindings::zymogen::task::files,
                    "zymogen:task/secrets@0.1.0": ::guest_sdk::bindings::zymogen::task::secrets,
                    "zymogen:task/sources@0.1.0": ::guest_sdk::bindings::zymogen::task::sources,
                    "zymogen:task/system@0.1.0": ::guest_sdk::bindings::zymogen::task::system,
                    "zymogen:task/users@0.1.0": ::guest_sdk::bindings::zymogen::task::users,
                    "zymogen:task/contexts@0.1.0": ::guest_sdk::bindings::zymogen::task::contexts,
                    "zymogen:task/services@0.1.0": ::guest_sdk::bindings::zymogen::task::services,
                    "zymogen:task/channels@0.1.0": ::guest_sdk::bindings::zymogen::task::channels,
                },
            });
        }
    };
}

/// Puts the WIT's text into the component.
#[doc(hidden)]
#[macro_export]
macro_rules! __embed {
    ($text:expr) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            const TEXT: &[u8] = $text.as_bytes();
            #[used]
            #[unsafe(link_section = "zymogen:wit")]
            static WIT: [u8; TEXT.len()] = match TEXT.first_chunk() {
                Some(bytes) => *bytes,
                None => panic!("an array of a slice's own length"),
            };
        };
    };
}

/// Brings the interface's types into scope and exports `run`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($namespace:ident $package:ident) => {
        // Not every module mentions each of its types by name.
        #[allow(unused_imports)]
        use bindings::exports::$namespace::$package::task::*;

        const _: () = {
            #[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
            struct Component;

            impl Guest for Component {
                fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
                    run(params, mode)
                }
            }

            // The names of a component's exports are none that a native linker takes.
            #[cfg(target_family = "wasm")]
    bindings::export!(Component with_types_in bindings);
        };
    };
}
