// How much is measured.
export interface Profile {
  /** Uncompressed size of the usual file, 10^6 bytes. */
  readonly megabytes: number;
  /** Uncompressed size of the large file; 0 leaves the large cases out. */
  readonly largeMegabytes: number;
  readonly manyTypes: number;
  /** Number of small files. */
  readonly smallFiles: number;
  /** Files of other sizes too. */
  readonly manySizes: boolean;
  /** Rounds that count, of each case. */
  readonly rounds: number;
  /** A round before that does not count. Without it, outputs are checked in the first round. */
  readonly warmUp: boolean;
  readonly quick: boolean;
}

/** `make bench`. */
export const FULL: Profile = {
  megabytes: 250,
  largeMegabytes: 1000,
  manyTypes: 5000,
  smallFiles: 10_000,
  manySizes: true,
  rounds: 5,
  warmUp: true,
  quick: false,
};

/** `make bench-quick`: a first look in under two minutes. */
export const QUICK: Profile = {
  megabytes: 25,
  largeMegabytes: 0,
  manyTypes: 500,
  smallFiles: 100,
  manySizes: false,
  rounds: 5,
  warmUp: true,
  quick: true,
};

/** Shows that everything runs; its figures say nothing. */
export const TINY: Profile = {
  megabytes: 0.4,
  largeMegabytes: 0,
  manyTypes: 50,
  smallFiles: 10,
  manySizes: true,
  rounds: 1,
  warmUp: false,
  quick: true,
};
