//! The stable codes of what can be wrong with what a user wrote.

/// What a text is: the first part of the codes of what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// A `strands.yaml`.
    Config,
    /// A CloudFormation template, or what belongs to one.
    Template,
}

impl Area {
    /// The first part of its codes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Template => "template",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What kind of thing is wrong. The text of a code never changes; `docs/errors` has a page for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its second part, e.g. `unknown-key`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The whole code in a text of that kind, e.g. `config::unknown-key`.
            pub fn within(self, area: Area) -> String {
                format!("{}::{}", area.as_str(), self.as_str())
            }
        }
    };
}

codes! {
    /// An agent's role could do anything, or make itself able to.
    Administrator = "administrator",
    /// An anchor that does not exist, or that contains itself.
    Alias = "alias",
    /// The environment's record has another account.
    AccountMismatch = "account-mismatch",
    /// Something needs an API, and there is none.
    ApiMissing = "api-missing",
    /// The code that an agent names is not stored.
    ArtifactMissing = "artifact-missing",
    /// What needs itself: a resource that waits for itself, stacks that import from each other, conditions in a circle.
    Cycle = "cycle",
    /// Two agents of one name.
    DuplicateAgent = "duplicate-agent",
    /// An agent that is woken twice by one thing.
    DuplicateEvent = "duplicate-event",
    /// Two exports of one name.
    DuplicateExport = "duplicate-export",
    /// An item that stands twice in a list where each stands once.
    DuplicateItem = "duplicate-item",
    /// A key that stands twice in one mapping.
    DuplicateKey = "duplicate-key",
    /// Two shared resources that could not be told apart.
    DuplicateName = "duplicate-name",
    /// One route that two agents claim.
    DuplicateRoute = "duplicate-route",
    /// There is no config in the text.
    Empty = "empty",
    /// A file that the config names is not in the bundle.
    FileMissing = "file-missing",
    /// Properties that cannot be given together.
    Exclusive = "exclusive",
    /// A key that no environment may override.
    FixedKey = "fixed-key",
    /// An agent's folder is not in the bundle.
    FolderMissing = "folder-missing",
    /// The file that a handler names is not in the agent's folder.
    HandlerMissing = "handler-missing",
    /// An assembly that CDK could not finish.
    Incomplete = "incomplete",
    /// What is needed before anything exists, and is known only afterwards.
    KnownTooLate = "known-too-late",
    /// A function where AWS takes none, or not that one.
    MisplacedFunction = "misplaced-function",
    /// A reference to a stored value where none can stand.
    MisplacedReference = "misplaced-reference",
    /// A key that must be there.
    MissingKey = "missing-key",
    /// A function that needs the language extensions, in a template that does not ask for them.
    MissingTransform = "missing-transform",
    /// A file that should be text, and is not.
    NotText = "not-text",
    /// A parameter of a template that is given no value and has none of its own.
    MissingParameter = "missing-parameter",
    /// A name that the environment may not have.
    NameOutside = "name-outside",
    /// A resource type that exists, and that cannot be made yet.
    NotProvided = "not-provided",
    /// A health check of what the agent does not have.
    NothingToLookAt = "nothing-to-look-at",
    /// A number outside its range.
    OutOfRange = "out-of-range",
    /// A port that only hosts of one's own should reach, open to the world.
    OpenPort = "open-port",
    /// What is sent over the internet without TLS.
    PlainHttp = "plain-http",
    /// The environment's record is of another project.
    ProjectMismatch = "project-mismatch",
    /// A property that AWS sets, and nobody can ask for.
    ReadOnly = "read-only",
    /// The environment's record has another region.
    RegionMismatch = "region-mismatch",
    /// Two resources of which one would do.
    Redundant = "redundant",
    /// A name that is taken by Strandline or by AWS.
    ReservedName = "reserved-name",
    /// A rule of a template that its parameters do not keep.
    RuleNotKept = "rule-not-kept",
    /// A secret, written down.
    Secret = "secret",
    /// More than one YAML document.
    SeveralDocuments = "several-documents",
    /// Not YAML.
    Syntax = "syntax",
    /// Nested too deep.
    TooDeep = "too-deep",
    /// Too long, or too much once its aliases are followed.
    TooLarge = "too-large",
    /// Too many of something.
    TooMany = "too-many",
    /// Overrides for an agent that does not exist.
    UnknownAgent = "unknown-agent",
    /// An attribute that resources of the type do not have.
    UnknownAttribute = "unknown-attribute",
    /// A condition that the template does not have.
    UnknownCondition = "unknown-condition",
    /// An environment that the config does not have.
    UnknownEnvironment = "unknown-environment",
    /// An import of what no stack exports.
    UnknownExport = "unknown-export",
    /// A function that CloudFormation does not have.
    UnknownFunction = "unknown-function",
    /// A key that means nothing here.
    UnknownKey = "unknown-key",
    /// A mapping, or a key of one, that the template does not have.
    UnknownMapping = "unknown-mapping",
    /// A parameter that the template does not have.
    UnknownParameter = "unknown-parameter",
    /// A shared resource that does not exist.
    UnknownResource = "unknown-resource",
    /// A runtime that Lambda does not create functions for.
    UnknownRuntime = "unknown-runtime",
    /// A stack that does not exist.
    UnknownStack = "unknown-stack",
    /// A resource type that AWS does not have.
    UnknownType = "unknown-type",
    /// Something that is understood and not done.
    Unsupported = "unsupported",
    /// Something needs the network, and there is none.
    VpcMissing = "vpc-missing",
    /// An account that is not twelve digits.
    WrongAccount = "wrong-account",
    /// An IAM action that is not one.
    WrongAction = "wrong-action",
    /// An address of a resource that is not one.
    WrongAddress = "wrong-address",
    /// A function that is given more, less or something else than it takes.
    WrongArguments = "wrong-arguments",
    /// An ARN that is not one.
    WrongArn = "wrong-arn",
    /// One value of a few, and not one of them.
    WrongChoice = "wrong-choice",
    /// A range of addresses that a network cannot have.
    WrongCidr = "wrong-cidr",
    /// A digest that is not 64 hexadecimal digits.
    WrongDigest = "wrong-digest",
    /// An e-mail address that is not one.
    WrongEmail = "wrong-email",
    /// A handler that its runtime cannot find.
    WrongHandler = "wrong-handler",
    /// An image that could be another tomorrow, or that is none.
    WrongImage = "wrong-image",
    /// A name of no model.
    WrongModel = "wrong-model",
    /// A name that would not fit where names go.
    WrongName = "wrong-name",
    /// A path that leaves the bundle, or is none; of an address, one that no address has.
    WrongPath = "wrong-path",
    /// A text that does not match the pattern that it must match, or such a pattern that is none.
    WrongPattern = "wrong-pattern",
    /// A reference to a stored value that does not say which.
    WrongReference = "wrong-reference",
    /// A region that AWS does not have.
    WrongRegion = "wrong-region",
    /// A route that an HTTP API cannot have.
    WrongRoute = "wrong-route",
    /// A schedule that EventBridge does not have.
    WrongSchedule = "wrong-schedule",
    /// A tag that AWS does not take.
    WrongTag = "wrong-tag",
    /// Something of one type where another is needed.
    WrongType = "wrong-type",
    /// An environment variable that Lambda does not take.
    WrongVariable = "wrong-variable",
    /// All actions of a service on everything.
    Wildcard = "wildcard",
    /// A YAML tag (`!…`), which nothing here needs.
    YamlTag = "yaml-tag",
}
