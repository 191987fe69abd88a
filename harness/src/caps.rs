//! stub
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cap {
    Chown = 0,
    Setgid = 6,
    Setuid = 7,
    SysAdmin = 21,
    SysResource = 24,
    Setfcap = 31,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CapSet(pub u64);
impl std::fmt::Display for CapSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl CapSet {
    pub fn all() -> Self {
        CapSet(0x1ff_ffff_ffff)
    }
    pub fn names(self) -> String {
        format!("{:x}", self.0)
    }
}
impl std::fmt::Display for Cap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
