import type { Whys } from './whys.ts';

/** Why functions that core's modules do not export matter here; read only by a test. */
export const functionWhys = {
  'Reactor.js': {
    isClient: 'relied upon: what host.ts shows makes it say yes',
    createTransport: 'stood in for: the addresses of both kinds of connection',
    querySubFromStorage: 'relied upon: parses an answer in place',
    querySubToStorage: 'relied upon: what an answer looks like when it is stored',
    kvFromStorage: 'relied upon: makes a map of the list that our store gives for pending writes',
    kvToStorage: 'relied upon: pending writes are the one value that is no JSON',
    onMergeQuerySub: 'relied upon: an answer in memory is newer than the stored one',
    sortedMutationEntries: 'stood in for: the order of writes',
  },
  'Stream.js': {
    createWriteStream:
      'relied upon: takes an error for an answer to its wish to begin or go on, and at no other time',
    createReadStream:
      'relied upon: by which members it asks for a stream and gives it up, and what an update means',
  },
  'SyncTable.js': {
    syncSubFromStorage: 'relied upon: parses rows in place',
    syncSubToStorage: 'relied upon: what a table looks like when it is stored',
    onMergeSub: 'relied upon: the later of two states is kept',
    queryEntity: 'stood in for: the row in a store',
    getServerCreatedAt: 'stood in for: when the server has made a row',
    applyChangesToStore: 'stood in for: what changes do to a row',
    changedFieldsOfChanges: 'stood in for: what subscribers are told of changes',
    orderFieldTypeMutative: 'stood in for: by what type rows are ordered',
    sortEntitiesInPlace: 'stood in for: the order of rows',
  },
  'store.js': {
    createTripleIndexes: 'relied upon: what a store looks like',
    createStore: 'relied upon: what a store says beside its triples',
    isBlob: 'relied upon: which attributes are no links',
    resolveLookupRefs: 'stood in for: what lookups stand for',
    getCreatedAt: 'stood in for: the order of what is made here',
    addTriple: 'stood in for: which values one puts in the place of others',
    retractTriple: 'stood in for: what is taken away',
    mergeTriple: 'stood in for: what is merged, and when nothing is',
    deleteEntity: 'stood in for: what is deleted along with an entity',
    addAttr: 'stood in for: attributes of writes',
    deleteAttr: 'stood in for: what becomes of triples',
    updateAttr: 'stood in for: what becomes of triples',
    applyTxStep: 'stood in for: which steps there are',
    transact: 'stood in for: which steps are only for entities that exist, or do not',
  },
  'instaml.js': {
    rewriteStep: 'stood in for: where a step names attributes',
  },
  'authAPI.js': {
    sendMagicCode: 'stood in for: what the server is sent',
    checkMagicCode: 'stood in for: what the server is sent',
    verifyRefreshToken: 'stood in for: what the server is sent',
    signInAsGuest: 'stood in for: what the server is sent',
    exchangeCodeForToken: 'stood in for: what the server is sent',
    signInWithIdToken: 'stood in for: what the server is sent',
    signOut: 'stood in for: what the server is sent',
  },
  'StorageAPI.js': {
    uploadFile: 'stood in for: what the server is sent',
    deleteFile: 'stood in for: what the server is sent',
    getSignedUploadUrl: 'stood in for: what the server is sent',
    upload: 'stood in for: what is sent to the address that the server named',
    getDownloadUrl: 'stood in for: what the server is sent',
  },
  'utils/fetch.js': {
    jsonFetch: 'stood in for: which answers are errors, and of which class',
  },
  'utils/linkIndex.js': {
    createLinkIndex: 'stood in for: writes into `Object` for some names',
  },
  'presence.js': {
    buildPresenceSlice: 'stood in for: what subscribers see of a room',
    hasPresenceResponseChanged: 'stood in for: when subscribers are told',
  },
  'utils/object.js': {
    areObjectsDeepEqual: 'stood in for: compares by methods of the data',
    immutableDeepMerge: 'stood in for: what merging means',
    insertInMutative: 'stood in for: an edit of presence',
    assocInMutative: 'stood in for: an edit of presence',
    dissocInMutative: 'stood in for: an edit of presence',
  },
  'infiniteQuery.js': {
    subscribeInfiniteQuery: 'relied upon: asks its database by `subscribeQuery` alone',
  },
} as const satisfies Record<string, Whys<string>>;
