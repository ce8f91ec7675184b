// A stand-in for Google Cloud Storage: fake-gcs-server's JSON API, and the part of the XML API that deltalake and
// obstore speak (conditional puts, ranges, lists from an offset, multipart uploads), mapped to it.
package main

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

type object struct {
	Name, Size, Etag, Generation, Updated string
}

type listing struct {
	XMLName  xml.Name   `xml:"ListBucketResult"`
	Contents []contents `xml:"Contents"`
	Prefixes []prefix   `xml:"CommonPrefixes"`
}

type contents struct {
	Key, LastModified, ETag string
	Size                    int64
}

type prefix struct{ Prefix string }

type xmlAPI struct {
	json    http.Handler
	lock    sync.Mutex
	uploads map[string]map[int][]byte
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	root := flag.String("root", "", "folder of the objects")
	flag.Parse()
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		Scheme: "http", NoListener: true, StorageRoot: *root, ExternalURL: "http://" + *address, PublicHost: *address,
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := &xmlAPI{json: server.HTTPHandler(), uploads: map[string]map[int][]byte{}}
	log.Fatal(http.ListenAndServe(*address, handler))
}

func (api *xmlAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch first {
	case "", "storage", "upload", "download", "batch", "_internal", "b":
		api.json.ServeHTTP(w, r)
		return
	}
	query := r.URL.Query()
	id := query.Get("uploadId")
	switch {
	case rest == "" && r.Method == http.MethodGet:
		api.list(w, first, query)
	case r.Method == http.MethodPost && query.Has("uploads"):
		api.begin(w, first, rest)
	case r.Method == http.MethodPut && id != "":
		api.part(w, r, id, query.Get("partNumber"))
	case r.Method == http.MethodPost && id != "":
		api.complete(w, r, first, rest, id)
	case r.Method == http.MethodDelete && id != "":
		api.forget(id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut:
		api.put(w, r, first, rest)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		api.get(w, r, first, rest)
	case r.Method == http.MethodDelete:
		copyOf(w, api.ask(http.MethodDelete, objectOf(first, rest), nil, nil))
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func objectOf(bucket, name string) string {
	return "/storage/v1/b/" + url.PathEscape(bucket) + "/o/" + url.PathEscape(name)
}

func (api *xmlAPI) ask(method, target string, body io.Reader, headers http.Header) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, target, body)
	for name, values := range headers {
		request.Header[name] = values
	}
	answer := httptest.NewRecorder()
	api.json.ServeHTTP(answer, request)
	return answer
}

func copyOf(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

func (api *xmlAPI) list(w http.ResponseWriter, bucket string, query url.Values) {
	asked := url.Values{"prefix": {query.Get("prefix")}, "delimiter": {query.Get("delimiter")}}
	answer := api.ask(http.MethodGet, "/storage/v1/b/"+url.PathEscape(bucket)+"/o?"+asked.Encode(), nil, nil)
	if answer.Code != http.StatusOK {
		copyOf(w, answer)
		return
	}
	var found struct {
		Items    []object
		Prefixes []string
	}
	json.Unmarshal(answer.Body.Bytes(), &found)
	var told listing
	for _, one := range found.Items {
		if one.Name > query.Get("start-after") {
			size, _ := strconv.ParseInt(one.Size, 10, 64)
			told.Contents = append(told.Contents, contents{one.Name, one.Updated, quoted(one.Etag), size})
		}
	}
	for _, one := range found.Prefixes {
		told.Prefixes = append(told.Prefixes, prefix{one})
	}
	w.Header().Set("Content-Type", "application/xml")
	xml.NewEncoder(w).Encode(told)
}

func (api *xmlAPI) put(w http.ResponseWriter, r *http.Request, bucket, name string) {
	var body io.Reader = r.Body
	if source := r.Header.Get("x-goog-copy-source"); source != "" {
		from, _ := url.PathUnescape(strings.TrimPrefix(source, "/"))
		fromBucket, fromName, _ := strings.Cut(from, "/")
		held := api.ask(http.MethodGet, objectOf(fromBucket, fromName)+"?alt=media", nil, nil)
		if held.Code != http.StatusOK {
			copyOf(w, held)
			return
		}
		body = held.Body
	}
	stored, code := api.store(bucket, name, body, r.Header.Get("x-goog-if-generation-match"))
	if code != http.StatusOK {
		w.WriteHeader(code)
		return
	}
	describe(w, stored)
}

func (api *xmlAPI) store(bucket, name string, body io.Reader, generation string) (object, int) {
	asked := url.Values{"uploadType": {"media"}, "name": {name}}
	if generation != "" {
		asked.Set("ifGenerationMatch", generation)
	}
	target := "/upload/storage/v1/b/" + url.PathEscape(bucket) + "/o?" + asked.Encode()
	api.lock.Lock() // of two conditional puts at once, one is refused
	defer api.lock.Unlock()
	answer := api.ask(http.MethodPost, target, body, http.Header{"Content-Type": {"application/octet-stream"}})
	var stored object
	json.Unmarshal(answer.Body.Bytes(), &stored)
	return stored, answer.Code
}

func (api *xmlAPI) get(w http.ResponseWriter, r *http.Request, bucket, name string) {
	told := api.ask(http.MethodGet, objectOf(bucket, name), nil, nil)
	if told.Code != http.StatusOK {
		copyOf(w, told)
		return
	}
	var held object
	json.Unmarshal(told.Body.Bytes(), &held)
	describe(w, held)
	media := api.ask(http.MethodGet, objectOf(bucket, name)+"?alt=media", nil, nil)
	updated, _ := time.Parse(time.RFC3339Nano, held.Updated)
	http.ServeContent(w, r, "", updated, bytes.NewReader(media.Body.Bytes()))
}

func describe(w http.ResponseWriter, held object) {
	w.Header().Set("ETag", quoted(held.Etag))
	w.Header().Set("x-goog-generation", held.Generation)
	w.Header().Set("Content-Type", "application/octet-stream")
}

func (api *xmlAPI) begin(w http.ResponseWriter, bucket, name string) {
	api.lock.Lock()
	id := fmt.Sprintf("%x", md5.Sum([]byte(fmt.Sprint(bucket, name, time.Now().UnixNano()))))
	api.uploads[id] = map[int][]byte{}
	api.lock.Unlock()
	fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
}

func (api *xmlAPI) part(w http.ResponseWriter, r *http.Request, id, number string) {
	body, _ := io.ReadAll(r.Body)
	at, _ := strconv.Atoi(number)
	api.lock.Lock()
	parts, known := api.uploads[id]
	if known {
		parts[at] = body
	}
	api.lock.Unlock()
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", quoted(fmt.Sprintf("%x", md5.Sum(body))))
}

func (api *xmlAPI) complete(w http.ResponseWriter, r *http.Request, bucket, name, id string) {
	parts := api.forget(id)
	var numbers []int
	for number := range parts {
		numbers = append(numbers, number)
	}
	sort.Ints(numbers)
	var whole bytes.Buffer
	for _, number := range numbers {
		whole.Write(parts[number])
	}
	stored, code := api.store(bucket, name, &whole, r.Header.Get("x-goog-if-generation-match"))
	if code != http.StatusOK {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("x-goog-generation", stored.Generation)
	fmt.Fprintf(w, "<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>", stored.Etag)
}

func (api *xmlAPI) forget(id string) map[int][]byte {
	api.lock.Lock()
	defer api.lock.Unlock()
	parts := api.uploads[id]
	delete(api.uploads, id)
	return parts
}

func quoted(etag string) string {
	return `"` + strings.Trim(etag, `"`) + `"`
}
