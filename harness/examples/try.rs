use harness::action::*; use harness::scenario::*;
fn main(){
  let t = root().outside(&[]).inside(&[DENY]).outside(&[uid_map("0 0 65536"), gid_map("0 0 65536")]).inside(&[setgroups(&[0,27]), setresgid(1000), setresuid(1000), read(IdFile::UidMap), SETGROUPS_EMPTY.via_libc(), run(&["id"])]).play();
  println!("{t}");
  let t = ordinary().inside(&[uid_map("0 own 1"), gid_map("0 own 1"), DENY, gid_map("0 own 1"), SETGROUPS_EMPTY, Action::Getgroups{size:20,room:Room::Good}, run(&["nosuch/x"]), run(&["sh","-c","echo hi; kill -9 $$"])]).nested(&[uid_map("5 0 1"), ALLOW]).play();
  println!("{t}");
  let t = ordinary().outside(&[]).inside(&[open(IdFile::UidMap), Action::Give(Actor::Outside)]).outside(&[write_held(IdFile::UidMap, "0 own 1")]).inside(&[read(IdFile::UidMap), drop_caps(&[harness::caps::Cap::Setuid])]).play();
  println!("{t}");
}
