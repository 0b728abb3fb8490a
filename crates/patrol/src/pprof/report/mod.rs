//! The reports of `patrol pprof`, one file each, byte for byte as the reference prints them.

mod comments;
mod flame;
mod labels;
mod list;
mod proto;
mod raw;
mod tags;
mod top;
mod traces;
mod tree;

pub use comments::comments;
pub use flame::flame;
pub use list::list;
pub use proto::proto;
pub use raw::raw;
pub use tags::tags;
pub use top::top;
pub use traces::traces;
pub use tree::tree;
