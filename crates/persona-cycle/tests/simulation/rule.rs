//! The rules that the model can be told to forget.

macro_rules! rules {
    ($($rule:ident)*) => {
        /// A simulation that does not notice when its model forgets one of these would not notice a fleet that
        /// breaks it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rule {
            $($rule,)*
        }

        impl Rule {
            pub(crate) const ALL: &[Self] = &[$(Self::$rule),*];
        }
    };
}

rules! {
    Asleep
    BackingOff
    BacklogOrder
    BreakerGeneration
    BreakerOpens
    ContinuedVisit
    DeadLetter
    Debt
    Duplicate
    Echo
    Evicting
    Expiry
    HalfTheFleet
    HalfWindow
    HeardTwice
    HumanSpeaks
    HungryInOrder
    JoiningAtTheBack
    LongerOpen
    Merging
    OneProbe
    Overwhelmed
    Own
    Paused
    Permits
    Rest
    RoomCap
    RoomGap
    Settling
    SilentRoom
    StarvedItem
    StarvedPersona
    Storm
    Superseding
    SupersedingOnReturn
    Tired
    Undirected
    Unhearing
    Waking
    Window
}
