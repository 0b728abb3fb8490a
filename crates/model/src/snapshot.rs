//! The snapshot: everything an inspection is allowed to know, frozen before it looks.

use std::collections::BTreeMap;

use crate::query::{Answer, Gap, Query};

/// Replies by question. Several sources may reply to one question, some with an answer, some with a gap.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    replies: BTreeMap<Query, Vec<Result<Answer, Gap>>>,
}

impl Snapshot {
    /// Records the reply of one source.
    pub fn put(&mut self, query: Query, reply: Result<Answer, Gap>) {
        self.replies.entry(query).or_default().push(reply);
    }

    /// Whether the question was put to anybody.
    pub fn asked(&self, query: &Query) -> bool {
        self.replies.contains_key(query)
    }

    /// The answers to a question; none when nobody was asked or nobody answered.
    pub fn answers(&self, query: &Query) -> impl Iterator<Item = &Answer> {
        self.replies.get(query).into_iter().flatten().filter_map(|r| r.as_ref().ok())
    }

    /// The gaps of a question.
    pub fn gaps(&self, query: &Query) -> impl Iterator<Item = &Gap> {
        self.replies.get(query).into_iter().flatten().filter_map(|r| r.as_ref().err())
    }

    /// Every gap there is, those that partial answers leave included.
    pub fn all_gaps(&self) -> Vec<Gap> {
        let gap = |(query, reply): (&Query, &Result<Answer, Gap>)| match reply {
            Err(gap) => Some(gap.clone()),
            Ok(answer) => answer.partial.as_ref().map(|reason| Gap {
                source: answer.origin.source.clone(),
                signal: query.signal,
                query: answer.origin.query.clone(),
                reason: reason.clone(),
                hint: None,
            }),
        };
        self.replies.iter().flat_map(|(q, all)| all.iter().map(move |r| (q, r))).filter_map(gap).collect()
    }

    /// Every answer there is.
    pub fn all_answers(&self) -> impl Iterator<Item = (&Query, &Answer)> {
        self.replies.iter().flat_map(|(q, all)| all.iter().filter_map(move |r| r.as_ref().ok().map(|a| (q, a))))
    }

    /// Takes in all replies of another snapshot.
    pub fn absorb(&mut self, other: Snapshot) {
        for (query, replies) in other.replies {
            self.replies.entry(query).or_default().extend(replies);
        }
    }
}
