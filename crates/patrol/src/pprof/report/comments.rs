//! `-comments`: what the profile says in free text.

use super::super::Printed;
use super::super::view::View;

/// Prints it, a line each.
pub fn comments(view: &View<'_>, out: &mut String) -> Printed {
    for comment in &view.about.comments {
        out.push_str(comment);
        out.push('\n');
    }
    Ok(())
}
