/** What only the addon can look into. */
type Handle = unknown
export declare class ExternalObject<T> {
  readonly '': {
    readonly '': unique symbol
    [K: symbol]: T
  }
}

/**
 * Which binding artifact the generated loader actually loaded: `'native'` for
 * a native addon, otherwise the `platformArchABI` of the WASI flavor. Every
 * flavor napi-rs can build is listed, because `NAPI_RS_NATIVE_LIBRARY_PATH`
 * can point the loader at a WASI artifact this package does not build itself.
 */
export declare const __napiBindingTarget: 'native' | 'wasm32-wasi' | 'wasm32-wasip1'

/** Reserves room for `n` items. Gives 0, or one more than the place of the refusal in `REFUSAL`. */
export declare function fleetAdmit(handle: ExternalObject<Handle>, slot: number, n: number): number

/** Lets the memory go; every later call on the handle is an error. */
export declare function fleetClose(handle: ExternalObject<Handle>): void

/** Changes the settings of a persona; false if it is gone. */
export declare function fleetConfigure(handle: ExternalObject<Handle>, slot: number, settings: Float64Array, now: number): boolean

/** Makes an empty fleet. */
export declare function fleetCreate(maxTurnsInFlight: number, seed: number, overflow: number): ExternalObject<Handle>

/**
 * Takes operations in and gives turns and settlements out: all that happens in one turn of the event loop.
 *
 * `operations` holds records of `OP_SIZE` doubles, `batch` has `BATCH_SIZE`. Without `dispatch` no turns are
 * formed.
 */
export declare function fleetDrive(handle: ExternalObject<Handle>, now: number, dispatch: boolean, operations: Float64Array, batch: Float64Array): void

/** Adds a persona; gives its slot. */
export declare function fleetEnroll(handle: ExternalObject<Handle>, settings: Float64Array, now: number): number

/** Takes note of a message in a room. `content` stands for who says what; 0 is like nothing else. */
export declare function fleetHear(handle: ExternalObject<Handle>, room: number, human: boolean, content: number, now: number, heard: Float64Array): void

/** Writes whoever has something waiting or in a turn, as many as fit; gives how many they are. */
export declare function fleetLoads(handle: ExternalObject<Handle>, loads: Float64Array): number

/** Gives back room whose items were not written. */
export declare function fleetRelease(handle: ExternalObject<Handle>, slot: number, n: number): void

/** Puts a persona to sleep until a moment (`NaN`: none), or wakes it; false if it is gone. */
export declare function fleetSleep(handle: ExternalObject<Handle>, slot: number, mode: number, until: number, now: number): boolean

/** Counts of one persona, or of the fleet if `slot` is `NaN`; zeros for a persona that is gone. */
export declare function fleetStatus(handle: ExternalObject<Handle>, slot: number, status: Float64Array): void

/** Starts the end of a persona; the slot is reported as freed by a later drive. */
export declare function fleetUnenroll(handle: ExternalObject<Handle>, slot: number, mode: number): void

/** Takes back a message that was not written after all. */
export declare function fleetUnhear(handle: ExternalObject<Handle>, room: number, number: number): void

/** Says why the conversations of a persona wait: as many records as there are and fit. Gives their number. */
export declare function fleetWhy(handle: ExternalObject<Handle>, slot: number, strands: Float64Array): number

/** The layout as lines of TypeScript; `native/generate.mjs` writes them to `src/layout.ts`. */
export declare function layout(): string
