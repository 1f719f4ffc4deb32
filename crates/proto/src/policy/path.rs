//! The one form in which paths are granted, asked for and compared.

/// An absolute path without doubled slashes, `.` and a slash at its end: `/srv//app/./` is `/srv/app`.
///
/// None for a path that has no such form: it is relative, or contains `..` or a zero byte. Taking `..`
/// away by text alone would be wrong where the part before it is a link.
#[must_use]
pub fn normal_path(path: &str) -> Option<String> {
    let relative = path.strip_prefix('/')?;
    let mut normal = String::with_capacity(path.len());
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            part if part.contains('\0') => return None,
            part => {
                normal.push('/');
                normal.push_str(part);
            }
        }
    }
    if normal.is_empty() {
        normal.push('/');
    }
    Some(normal)
}
