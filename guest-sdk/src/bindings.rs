//! The contract's bindings, generated once for all modules.
//!
//! Public only because the expansion of `task!` maps a module's types to these: use the wrappers of the crate's
//! other modules.

#![allow(missing_docs, unused_qualifications)]

wit_bindgen::generate!({
    world: "zymogen:task/imports",
    path: "../wit",
    additional_derives: [PartialEq, Eq],
    // The types that only a module's own interfaces mention, such as `outcome`, are wanted, too.
    generate_unused_types: true,
});
