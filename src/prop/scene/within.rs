//! What types are made of.

use super::{Decl, Module, Scene, Ty};

impl Ty {
    /// Returns the type that this one is around, such as that of the elements of a list; `None` if it is around none, or
    /// around several.
    pub fn inner(&self) -> Option<&Ty> {
        match self {
            Ty::ListOf(ty)
            | Ty::NonEmptyListOf(ty)
            | Ty::AttrListOf(ty)
            | Ty::AttrsOf(ty)
            | Ty::LazyAttrsOf(ty)
            | Ty::LoaOf(ty)
            | Ty::AttrsWith(ty, ..)
            | Ty::PasswdEntry(ty)
            | Ty::Without(ty, _)
            | Ty::NullOr(ty)
            | Ty::Uniq(ty)
            | Ty::Unique(_, ty)
            | Ty::FunctionTo(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether this type, or one inside it, is such as is wanted.
    pub fn holds(&self, wanted: &dyn Fn(&Ty) -> bool) -> bool {
        let options = |options: &[Decl]| {
            let mut types = options.iter().filter_map(|option| option.ty.as_ref());
            types.any(|ty| ty.holds(wanted))
        };
        wanted(self)
            || match self {
                Ty::Either(left, right) | Ty::CoercedTo(left, _, right) => left.holds(wanted) || right.holds(wanted),
                Ty::OneOf(types) => types.iter().any(|ty| ty.holds(wanted)),
                Ty::AttrTag(tags) => options(tags),
                Ty::Submodule(inner, freeform) => {
                    options(inner) || freeform.as_deref().is_some_and(|ty| ty.holds(wanted))
                }
                _ => self.inner().is_some_and(|ty| ty.holds(wanted)),
            }
    }
}

impl Scene {
    /// Whether the type of an option, or one inside it, is such as is wanted.
    pub fn holds_type(&self, wanted: &dyn Fn(&Ty) -> bool) -> bool {
        self.modules.iter().any(|module| module.holds_type(wanted))
    }
}

impl Module {
    fn holds_type(&self, wanted: &dyn Fn(&Ty) -> bool) -> bool {
        let types = self.options.iter().filter_map(|option| option.ty.as_ref());
        types.chain(&self.freeform).any(|ty| ty.holds(wanted))
            || self.imports.iter().any(|module| module.holds_type(wanted))
    }
}
