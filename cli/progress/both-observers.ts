// Two observers as one.
import type { PipelineObserver } from "../../shared/runtime/observer.ts";

/** Tells both, the first one first. */
export function bothObservers(first: PipelineObserver, second: PipelineObserver): Required<PipelineObserver> {
  return {
    sourceFound(...args) {
      first.sourceFound?.(...args);
      second.sourceFound?.(...args);
    },
    split(...args) {
      first.split?.(...args);
      second.split?.(...args);
    },
    sourceSplit(...args) {
      first.sourceSplit?.(...args);
      second.sourceSplit?.(...args);
    },
    receiptRead(...args) {
      first.receiptRead?.(...args);
      second.receiptRead?.(...args);
    },
    unitLoaded(...args) {
      first.unitLoaded?.(...args);
      second.unitLoaded?.(...args);
    },
    unitPending(...args) {
      first.unitPending?.(...args);
      second.unitPending?.(...args);
    },
    sourceSettled(...args) {
      first.sourceSettled?.(...args);
      second.sourceSettled?.(...args);
    },
    warning(...args) {
      first.warning?.(...args);
      second.warning?.(...args);
    },
  };
}
