//! Ids with a meaning: the own id, 0, neighbours, edges. They are few and small, so the same ids meet again.

use harness_play::here;
use harness_scenario::action::{Groups, Id, SetId, Via};
use harness_scenario::actors::ORDINARY;
use proptest::prelude::*;
use proptest::sample::select;
use std::borrow::Cow;

/// The uids of the users as which scenarios run.
fn owns() -> Vec<u32> {
    vec![0, ORDINARY, here::start().caller.uid.effective]
}

/// An id as the kernel accepts it, including 4294967295.
pub(super) fn number() -> impl Strategy<Value = u32> + Clone {
    let edges = vec![ORDINARY - 1, ORDINARY + 1, 999, i32::MAX.cast_unsigned(), 1 << 31, u32::MAX - 1];
    prop_oneof![
        6 => select(owns()),
        6 => 0..12_u32,
        3 => select(vec![1000, 65_533, 65_534, 65_535, 65_536]),
        1 => select(edges),
        1 => Just(u32::MAX),
    ]
}

fn id() -> impl Strategy<Value = Id> + Clone {
    prop_oneof![3 => Just(Id::Own), 6 => number().prop_map(Id::Of), 2 => Just(harness_scenario::action::KEEP)]
}

/// setuid(2) and similar calls.
pub(super) fn set_id() -> impl Strategy<Value = harness_scenario::action::Action> {
    let call = select(vec![
        SetId::Setuid,
        SetId::Setgid,
        SetId::Setreuid,
        SetId::Setregid,
        SetId::Setresuid,
        SetId::Setresgid,
        SetId::Setfsuid,
        SetId::Setfsgid,
        SetId::Seteuid,
        SetId::Setegid,
    ]);
    // One id for all arguments, as programs do it, or a separate id for each.
    let ids = prop_oneof![1 => id().prop_map(|id| [id; 3]), 2 => [id(), id(), id()]];
    let via = prop_oneof![4 => Just(Via::Raw), 1 => Just(Via::Libc)];
    (call, ids, via).prop_map(|(call, ids, via)| {
        let library = matches!(call, SetId::Seteuid | SetId::Setegid);
        harness_scenario::action::Action::SetId(call, ids, if library { Via::Libc } else { via })
    })
}

/// The lists of setgroups(2). An actor cannot report more than 16384 groups in its final state.
pub(super) fn groups() -> impl Strategy<Value = Groups> {
    let list = |length| proptest::collection::vec(number(), length);
    let sizes = select(vec![0_i64, 1, 2, 33, 65_536, 65_537, -1, i64::MIN, 1 << 32, i64::from(i32::MAX)]);
    prop_oneof![
        3 => Just(Groups::List(Cow::Borrowed(&[]))),
        5 => list(1..5).prop_map(|list| Groups::List(Cow::Owned(list))),
        2 => Just(Groups::Own),
        1 => list(5..70).prop_map(|list| Groups::List(Cow::Owned(list))),
        1 => sizes.clone().prop_map(|size| Groups::Sized { size, given: None }),
        1 => (sizes, 0..40_usize).prop_map(|(size, given)| Groups::Sized { size, given: Some(given) }),
        1 => (number(), 0..3_u32, select(vec![1_i64, 2, 33, 1000, 65_537, -1]))
            .prop_map(|(first, step, size)| Groups::Sequence { first, step, size }),
    ]
}
