//! Calls that set or get ids and lists of groups, as C expressions.

use super::statements::Statements;
use harness_scenario::action::{Action, Groups, Id, IdFile, Room, SetId, Via};

/// The greatest number of groups that are written out.
const WRITTEN_OUT: usize = 64;

impl Statements<'_> {
    pub(super) fn ids(&self, action: &Action) -> String {
        match action {
            Action::Setgroups(groups, via) => format!("result({})", self.setgroups(groups, *via)),
            Action::Getgroups { size: 0, room: Room::Good } => "number(getgroups(0, NULL))".to_owned(),
            Action::Getgroups { size, room: Room::Good } => format!("get_groups({size}L)"),
            Action::Getgroups { size, room: Room::Bad } => {
                let shown = if *size == 0 { "number(" } else { "left_words(" };
                let rest = if *size == 0 { "" } else { ", NULL, 0" };
                format!("{shown}syscall(SYS_getgroups, {size}L, nowhere){rest})")
            }
            Action::CountGroups { size, first, step } => format!("count_groups({size}, {first}U, {step}U)"),
            Action::SetId(call, ids, via) => self.set_id(*call, ids, *via),
            _ => String::new(),
        }
    }

    fn setgroups(&self, groups: &Groups, via: Via) -> String {
        let call = |size: i64, pointer: &str| match via {
            Via::Raw => format!("syscall(SYS_setgroups, {size}L, {pointer})"),
            Via::Libc => format!("setgroups({size}, {pointer})"),
        };
        let array = |list: &[String]| format!("(gid_t []){{ {} }}", list.join(", "));
        let listed = |list: &[u32]| list.iter().map(|gid| format!("{gid}U")).collect::<Vec<_>>();
        match groups {
            Groups::List(list) if list.is_empty() => call(0, "NULL"),
            Groups::List(list) => match sequence(list) {
                Some((first, step)) if list.len() > WRITTEN_OUT => {
                    format!("set_many_groups({first}U, {step}U, {})", list.len())
                }
                _ => call(i64::try_from(list.len()).unwrap_or(i64::MAX), &array(&listed(list))),
            },
            Groups::Own if self.own.gid == 0 => call(1, "(gid_t []){ 0 }"),
            Groups::Own => call(1, "&own_gid"),
            Groups::Sized { size, given: None } => call(*size, "nowhere"),
            Groups::Sized { size, given: Some(0) } => call(*size, "(gid_t []){ 0 }"),
            Groups::Sized { size, given: Some(given) } => call(*size, &format!("(gid_t [{given}]){{ 0 }}")),
            Groups::Sequence { first, step, size } => format!("set_many_groups({first}U, {step}U, {size}L)"),
        }
    }

    fn set_id(&self, call: SetId, ids: &[Id; 3], via: Via) -> String {
        let own = if call.map() == IdFile::GidMap { "own_gid" } else { "own_uid" };
        let (name, zero) = (call.name(), self.own.of(call.map()) == 0);
        let arguments = ids[..call.count()].iter().map(|id| match id {
            Id::Own if zero => "0".to_owned(),
            Id::Own => own.to_owned(),
            Id::Of(u32::MAX) => "-1".to_owned(),
            Id::Of(id) => id.to_string(),
        });
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        let shown = if matches!(call, SetId::Setfsuid | SetId::Setfsgid) { "number" } else { "result" };
        match via {
            Via::Libc => format!("{shown}({name}({arguments}))"),
            Via::Raw => format!("{shown}(syscall(SYS_{name}, {arguments}))"),
        }
    }
}

/// The first entry and the constant step of a list with a constant step.
fn sequence(list: &[u32]) -> Option<(u32, u32)> {
    let (first, step) = (*list.first()?, list.get(1)?.wrapping_sub(list[0]));
    list.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step).then_some((first, step))
}
