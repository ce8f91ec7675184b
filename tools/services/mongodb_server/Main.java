import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Collection;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.Iterator;
import java.util.List;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;

/**
 * A server that speaks MongoDB's protocol: {@code Main PORT FILE}, or {@code Main PORT} for one in memory.
 *
 * <p>mongo-java-server with two habits of mongod that it lacks: what was answered outlives a kill, and a query that names
 * {@code _id} among other fields, or a range of it, looks at no other document. It read all of them: 1,000 guarded
 * upserts a second at 10,000 documents, and fewer the more there were.
 */
public final class Main {
    public static void main(String[] words) throws Exception {
        MongoServer server = new MongoServer(new Journaled(MVStore.open(words.length > 1 ? words[1] : null)));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
        server.bind("127.0.0.1", Integer.parseInt(words[0]));
        Thread.currentThread().join();
    }

    /** Writes before it answers, where H2 by itself writes once a second. */
    private static final class Journaled extends H2Backend {
        Journaled(MVStore store) {
            super(store);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            Document answer = super.handleMessage(message);
            if (!isInMemory() && getMvStore().hasUnsavedChanges()) {
                commit();
            }
            return answer;
        }

        @Override
        protected MongoDatabase openOrCreateDatabase(String name) {
            return new Database(name);
        }

        /** An inner class: its constructor opens the collections before fields of its own would be there. */
        private final class Database extends H2Database {
            Database(String name) {
                super(name, getMvStore(), getCursorRegistry());
            }

            @Override
            protected MongoCollection<Object> openOrCreateCollection(String name, CollectionOptions options) {
                String fullName = getFullCollectionNamespace(name);
                MVMap<Object, Document> documents = getMvStore().openMap("databases." + fullName);
                MVMap<String, Object> meta = getMvStore().openMap("meta." + fullName);
                return new Collection(this, name, options, documents, meta, cursorRegistry);
            }
        }
    }

    private static final class Collection extends H2Collection {
        private final MVMap<Object, Document> documents;

        Collection(
                MongoDatabase database,
                String name,
                CollectionOptions options,
                MVMap<Object, Document> documents,
                MVMap<String, Object> meta,
                CursorRegistry cursors) {
            super(database, name, options, documents, meta, cursors);
            this.documents = documents;
        }

        @Override
        protected QueryResult matchDocuments(
                Document query, Document order, int skip, int limit, int batch, Document fields) {
            Object id = query.get("_id");
            if (id instanceof String) {
                List<Object> found = documents.containsKey(id) ? List.of(id) : List.of();
                return matchDocuments(query, found, order, skip, limit, batch, fields);
            }
            if (id instanceof Document range
                    && range.get("$gte") instanceof String first
                    && range.get("$lt") instanceof String end) {
                boolean down = Integer.valueOf(-1).equals(order == null ? null : order.get("_id"));
                Iterator<Object> keys = down ? documents.cursor(end, first, true) : documents.cursor(first, end, false);
                // they come in the order of `_id`: sorting would have to read all of them before the first is given
                boolean sorted = order == null || order.keySet().equals(java.util.Set.of("_id"));
                return matchDocuments(query, () -> keys, sorted ? null : order, skip, limit, batch, fields);
            }
            return super.matchDocuments(query, order, skip, limit, batch, fields);
        }
    }
}
