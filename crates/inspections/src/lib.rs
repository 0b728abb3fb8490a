//! What we look for: one file an inspection, listed once here.

/// Declares the modules and the list of all inspections in one go.
macro_rules! inspections {
    ($($file:ident :: $name:ident),* $(,)?) => {
        $(pub mod $file;)*
        /// All inspections, in the order of documentation.
        pub const ALL: &[&dyn model::seam::AnyInspection] = &[$(&$file::$name),*];
    };
}

inspections![host_memory_leak::HostMemoryLeak, heap_growth::HeapGrowth];

pub mod growing;

/// The inspection of that id.
pub fn named(id: &str) -> Option<&'static dyn model::seam::AnyInspection> {
    ALL.iter().copied().find(|i| i.card().id == id)
}

#[cfg(test)]
mod tests;
