// What JavaScript does for the module: whatever is rare, or needs strings. All of them work on the same memory; nodes are addresses.

/** Looks a key up and enters it: LineContext.member. Returns its node or −1 for an odd line. */
@external("host", "member")
export declare function hostMember(start: i32, node: i32, link: i32, object: i32, members: i32, depth: i32): i32;

/** The node of the elements of an array. */
@external("host", "elementsOf")
export declare function hostElementsOf(node: i32): i32;

/** Takes note of a value at an event type path that has escapes. Returns 1 when tape and frames have moved. */
@external("host", "escapedCandidate")
export declare function hostEscapedCandidate(node: i32, start: i32, end: i32, depth: i32): i32;

/** The number of the event type with this name. */
@external("host", "typeOf")
export declare function hostTypeOf(start: i32, end: i32): i32;

/** Moves tape and frames into the tree of a type. Returns 1 when they have moved. */
@external("host", "moveIn")
export declare function hostMoveIn(type: i32, depth: i32): i32;

/** Moves the tape of a whole line to the tree of its event type. Returns 0 when that has no room. */
@external("host", "settle")
export declare function hostSettle(): i32;

/** The root of a type's tree, which is made. */
@external("host", "root")
export declare function hostRoot(type: i32): i32;

/** Reads a number with an exponent or too many digits. Returns its end, or −1; its digits are in PACKED_DIGITS. */
@external("host", "number")
export declare function hostNumber(start: i32): i32;

/** The kind of a string with escapes that may be a time. */
@external("host", "stringKind")
export declare function hostStringKind(start: i32, end: i32, length: i32): i32;

/** A kind of value was met for the first time at a node. */
@external("host", "first")
export declare function hostFirst(node: i32): void;

/** Empties the set of members. */
@external("host", "forgetMembers")
export declare function hostForgetMembers(): void;

/** Numbers objects from 1 again. */
@external("host", "renumber")
export declare function hostRenumber(): void;

/** Writes the key of a node as a shape's text has it, with its quotes and a colon, and returns how many bytes that is. */
@external("host", "keyText")
export declare function hostKeyText(node: i32, to: i32): i32;
